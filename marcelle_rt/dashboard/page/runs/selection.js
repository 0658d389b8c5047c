// Which runs are ticked: those that somebody chose, or else all that train now, or else the newest.
import { isActive } from './facts.js';

// Also told apart by people who see fewer colors, the first six of them easily; `LiveRuns` has the same (monitor/notebook/drawing.py).
const COLORS = ['#3b82f6', '#f97316', '#0c8074', '#ad24ba', '#c22525', '#a8a29e', '#06b6d4', '#4f46e5', '#d946ef', '#e11d48'];

/** @param {number} place @returns {string} */
export function colorOf(place) {
  // Beyond the palette, hues by the golden angle lie as far from each other as they can.
  return COLORS[place] ?? `hsl(${Math.round((place * 137.5) % 360)} 60% 52%)`;
}

export class Selection {
  /** @param {import('./catalogue.js').Catalogue} catalogue */
  constructor(catalogue) {
    this.catalogue = catalogue;
    /** @type {Set<string> | null} null: nobody has chosen yet */
    this.chosen = null;
    /** @type {string[]} in the order in which they were ticked */
    this.ticked = [];
    /** @type {Map<string, number>} */
    this.places = new Map();
    /** @type {(() => void)[]} */
    this.listeners = [];
    catalogue.subscribe(() => this.follow());
  }

  /** @param {() => void} listener */
  subscribe(listener) {
    this.listeners.push(listener);
  }

  /** @param {string} id */
  has(id) {
    return this.places.has(id);
  }

  /** The color of a ticked run: it keeps it for as long as it is ticked. @param {string} id */
  color(id) {
    return colorOf(this.places.get(id) ?? 0);
  }

  /**
   * Ticks or unticks runs; from then on nothing else does.
   * @param {Iterable<string>} ids
   * @param {boolean} on
   */
  tick(ids, on) {
    this.chosen ??= new Set(this.ticked);
    for (const id of ids) {
      if (on) this.chosen.add(id);
      else this.chosen.delete(id);
    }
    this.become([...this.chosen]);
  }

  /** Ticks these runs and no others. @param {Iterable<string>} ids */
  choose(ids) {
    this.chosen = new Set(ids);
    this.become([...this.chosen]);
  }

  /** Goes back to the runs that train. */
  reset() {
    this.chosen = null;
    this.follow();
  }

  follow() {
    const { rows } = this.catalogue;
    if (this.chosen) {
      this.become([...this.chosen].filter((id) => rows.has(id)));
      return;
    }
    const all = [...rows.values()].sort((a, b) => (a.start || 0) - (b.start || 0));
    const training = all.filter((row) => isActive(row) && !this.catalogue.isSilent(row));
    // What ended while it was looked at stays, until something else begins.
    const kept = all.filter((row) => this.has(row.id));
    this.become((training.length > 0 ? training : kept.length > 0 ? kept : all.slice(-1)).slice(-20).map((row) => row.id));
  }

  /** @param {string[]} ids */
  become(ids) {
    if (ids.length === this.ticked.length && ids.every((id) => this.has(id))) return;
    const wanted = new Set(ids);
    for (const id of this.places.keys()) if (!wanted.has(id)) this.places.delete(id);
    const taken = new Set(this.places.values());
    let next = 0;
    for (const id of ids) {
      if (this.places.has(id)) continue;
      while (taken.has(next)) next += 1;
      taken.add(next);
      this.places.set(id, next);
    }
    this.ticked = ids;
    this.catalogue.hold('ticked', wanted);
    this.listeners.forEach((listener) => listener());
  }
}
