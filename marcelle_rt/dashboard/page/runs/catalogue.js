// All runs of the backend: read once, then kept by its events, whatever else on the page does with them.
// Of each run a row is kept; whole documents only of those that are held, because they are drawn.
import { isMissing } from '../connection.js';
import { idOf, isActive, rowOf } from './facts.js';

/**
 * @typedef {import('./facts.js').Document} Document
 * @typedef {import('./facts.js').Row} Row
 */

const LIGHT = ['_id', 'name', 'basename', 'status', 'start', 'end', 'epoch', 'epochs', 'params', 'tags', 'group', 'notes', 'error', 'outcome', 'reason'];
const DATES = ['createdAt', 'updatedAt'];
const ROWS_A_READ = 1000;
const DOCUMENTS_A_READ = 25;
const FRAME = 33; // milliseconds between two drawings: 30 a second are enough for the eye
const HIDDEN = 500; // the same while nobody looks
const MISSED = 4; // signs of life that did not come, after which a run is taken for dead

export class Catalogue {
  /** @param {import('../connection.js').Connection} connection */
  constructor(connection) {
    this.service = connection.store.service('runs');
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {Map<string, Document>} of the held runs */
    this.documents = new Map();
    /** Whether the rows were read once. */
    this.ready = false;
    /** @type {Map<string, Set<string>>} which runs each part of the page draws */
    this.holders = new Map();
    /** @type {Set<string>} all of them */
    this.held = new Set();
    /** @type {Map<string, { seen: number, interval: number }>} */
    this.signs = new Map();
    /** @type {((changed: Set<string>) => void)[]} */
    this.listeners = [];
    /** @type {Map<string, Document | null>} what came since the last frame; null: removed */
    this.arrived = new Map();
    this.reads = 0;
    this.due = false;
    this.applied = -Infinity;

    for (const event of ['created', 'updated', 'patched']) {
      this.service.on(event, (/** @type {Document} */ run) => this.arrive(idOf(run), run));
    }
    this.service.on('removed', (/** @type {Document} */ run) => this.arrive(idOf(run), null));
    const heartbeats = connection.store.service('run-heartbeats');
    for (const event of ['created', 'updated', 'patched']) {
      heartbeats.on(event, (/** @type {Document} */ sign) => this.hear(sign, Date.now()));
    }
    connection.subscribe((state) => {
      if (state === 'up') this.read(heartbeats);
    });
  }

  /** @param {(changed: Set<string>) => void} listener called at most 30 times a second, with the ids of the changed runs */
  subscribe(listener) {
    this.listeners.push(listener);
  }

  /**
   * Keeps the documents of these runs, and reads those that are missing.
   * @param {string} holder the part of the page that draws them
   * @param {Set<string>} ids
   */
  hold(holder, ids) {
    this.holders.set(holder, ids);
    this.held = new Set([...this.holders.values()].flatMap((held) => [...held]));
    for (const id of this.documents.keys()) if (!this.held.has(id)) this.documents.delete(id);
    for (const id of ids) if (!this.documents.has(id)) this.fetch(id);
  }

  /** Whether a run that has not ended gives no sign of life any more. @param {Row} row */
  isSilent(row) {
    const sign = this.signs.get(row.id);
    return isActive(row) && sign !== undefined && Date.now() - sign.seen > MISSED * sign.interval * 1000;
  }

  /** @param {Row} row @returns {import('./facts.js').State} */
  stateOf(row) {
    if (isActive(row)) return this.isSilent(row) ? 'silent' : row.status === 'idle' ? 'waiting' : 'training';
    return row.status === 'error' ? 'failed' : 'finished';
  }

  /** How a run stands, in a word for people: one that has finished may have been stopped, or pruned. @param {Row} row */
  wordFor(row) {
    const state = this.stateOf(row);
    return (state === 'finished' && row.outcome) || state;
  }

  /** @param {string} id */
  async fetch(id) {
    try {
      const run = await this.service.get(id);
      this.arriveRead(run);
    } catch (error) {
      if (/** @type {any} */ (error)?.code === 404) this.arrive(id, null);
      // Else the line is down: all is read again when it is back.
    }
  }

  /**
   * Reads all rows, then what their metrics came to. What happened while the line was down is read again this way.
   * @param {any} heartbeats
   */
  async read(heartbeats) {
    this.reads += 1;
    const reading = this.reads;
    try {
      await this.readRows(reading);
      await this.readSigns(heartbeats);
      await this.readDocuments(reading);
    } catch {
      // The line went down meanwhile: this begins anew when it is back.
    }
  }

  /** @param {number} reading */
  async readRows(reading) {
    const known = new Set();
    const $select = [...LIGHT, ...DATES];
    for (let $skip = 0, total = 1; $skip < total; $skip += ROWS_A_READ) {
      const query = { $sort: { start: -1 }, $limit: ROWS_A_READ, $skip, $select };
      const page = /** @type {any} */ (await this.service.find({ query }));
      if (reading !== this.reads) return;
      total = page.total;
      for (const run of page.data) {
        known.add(idOf(run));
        this.arriveRead(run);
      }
      if (page.data.length === 0) break;
    }
    for (const id of this.rows.keys()) if (!known.has(id) && !this.arrived.has(id)) this.arrive(id, null);
    this.ready = true;
    this.schedule();
    for (const id of this.held) this.fetch(id);
  }

  /** @param {any} heartbeats */
  async readSigns(heartbeats) {
    const now = Date.now();
    try {
      const { data } = await heartbeats.find({ query: { $limit: 1000, $sort: { time: -1 } } });
      data.forEach((/** @type {Document} */ sign) => this.hear(sign, Math.min(now, Date.parse(sign.time))));
    } catch (error) {
      if (!isMissing(error)) throw error; // else there are no signs of life, and runs all the same
    }
    this.schedule();
  }

  /** @param {number} reading */
  async readDocuments(reading) {
    for (let $skip = 0, total = 1; $skip < total; $skip += DOCUMENTS_A_READ) {
      const query = { $sort: { start: -1 }, $limit: DOCUMENTS_A_READ, $skip };
      const page = /** @type {any} */ (await this.service.find({ query }));
      if (reading !== this.reads || page.data.length === 0) return;
      total = page.total;
      page.data.forEach((/** @type {Document} */ run) => this.arriveRead(run));
    }
  }

  /** @param {Document} sign @param {number} seen */
  hear(sign, seen) {
    if (typeof sign.interval === 'number' && Number.isFinite(seen)) {
      this.signs.set(String(sign.runId), { seen, interval: sign.interval });
    }
  }

  /** What was read gives way to what an event has told meanwhile. @param {Document} run */
  arriveRead(run) {
    const id = idOf(run);
    const told = this.arrived.get(id);
    if (told === null || (told?.logs && !isNewer(run, told.updatedAt))) return;
    this.arrive(id, run);
  }

  /** @param {string} id @param {Document | null} run */
  arrive(id, run) {
    this.arrived.set(id, run);
    this.schedule();
  }

  // The first event is shown at once; however many follow it, the page is drawn a bounded number of times a second.
  schedule() {
    if (this.due) return;
    this.due = true;
    // A page in the background need not hurry, and would be a pile of drawings when it is looked at again.
    const pause = document.hidden ? HIDDEN : FRAME;
    const wait = Math.max(0, pause - (performance.now() - this.applied));
    if (wait === 0) queueMicrotask(() => this.apply());
    else setTimeout(() => this.apply(), wait);
  }

  apply() {
    this.due = false;
    this.applied = performance.now();
    const changed = new Set(this.arrived.keys());
    for (const [id, run] of this.arrived) {
      if (run === null) {
        this.rows.delete(id);
        this.documents.delete(id);
        continue;
      }
      const before = this.rows.get(id);
      if (before && !isNewer(run, before.updated)) continue;
      this.rows.set(id, rowOf(run, before));
      if (this.held.has(id) && run.logs) this.documents.set(id, run);
    }
    this.arrived.clear();
    this.listeners.forEach((listener) => listener(changed));
  }
}

/** @param {Document} run @param {unknown} than when what is known was changed */
const isNewer = (run, than) => !(typeof run.updatedAt === 'string' && typeof than === 'string' && run.updatedAt < than);
