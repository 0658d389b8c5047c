// The card of parallel coordinates: each run a line over its parameters to its best value; what is brushed narrows the table.
import { Card } from '../card.js';
import { element, say } from '../dom.js';
import { flag, keep, oneOf, recall, text } from '../kept.js';
import { choiceMenu } from '../runs/menu.js';
import { axisOf, differing, targets } from './axes.js';
import { brushedOn, lies, stretchesOn } from './brush.js';
import { ParallelPlot, loadLibrary } from './plot.js';
import * as words from './words.js';

/**
 * @typedef {import('../runs/facts.js').Row} Row
 * @typedef {import('./brush.js').Brushed} Brushed
 * @typedef {'found' | 'ticked'} Scope which runs have a line: those that the filter finds, or the ticked ones
 */

const MOST = 2000; // lines: what is drawn without a stutter
const MOST_TICKED = 200; // runs whose curves are drawn without one
const REST = 4; // how much longer than a drawing the page then does other things

/**
 * @param {import('../runs/catalogue.js').Catalogue} catalogue
 * @param {import('../runs/selection.js').Selection} selection
 * @param {import('../runs/narrowing.js').Narrowing} narrowing
 */
export function parallelCard(catalogue, selection, narrowing) {
  /** @type {Scope} */
  let scope = recall('parallel runs', oneOf(['found', 'ticked']), /** @type {Scope} */ ('found'));
  let target = recall('parallel metric', text, '');
  /** @type {Set<string> | null} the axes that somebody chose */
  let chosen = null;
  /** @type {Map<string, Brushed>} */
  const brushed = new Map();
  /** @type {import('./axes.js').Axis[]} */
  let axes = [];
  /** @type {import('./plot.js').Library | null} */
  let library = null;
  /** @type {ParallelPlot | null} */
  let plot = null;
  let failed = '';
  let [due, last, cost, pressed] = [0, 0, 0, false];

  const scopes = element(
    'select', { 'aria-label': 'which runs', onchange: () => set(() => keep('parallel runs', (scope = /** @type {Scope} */ (scopes.value)))) },
    element('option', { value: 'found' }, 'Runs in the table'), element('option', { value: 'ticked' }, 'Ticked runs'),
  );
  scopes.value = scope;
  const metrics = element('select', { 'aria-label': 'best value', onchange: () => set(() => keep('parallel metric', (target = metrics.value))) });
  const by = element('label', {}, 'Colored by', metrics);
  const ramp = element('span', { class: 'rt-ramp' }, 'worst', element('span'), 'best');
  const menu = choiceMenu('Axes', 'Find a parameter', (keys) => set(() => (chosen = keys)));
  const count = element('span', { class: 'rt-count', role: 'status' });
  const tick = element('button', { type: 'button', onclick: () => selection.choose(marked().map(({ id }) => id)) }, 'Show their curves');
  const clear = element('button', { type: 'button', onclick: () => unbrush() }, 'Clear');
  const tools = element('div', { class: 'rt-tools' }, scopes, by, ramp, menu.element);
  // What comes and goes stands below the axes: above them it would move them away from under the pointer.
  const marks = element('div', { class: 'rt-tools rt-marks' }, count, tick, clear);
  const hint = element('p', { class: 'rt-hint' });
  const place = element('div', {
    class: 'rt-parallel', role: 'img', onpointerdown: () => void (pressed = true),
  });
  const details = element('details', { class: 'rt-beside' }, element('summary', { class: 'rt-title' }, 'Parallel coordinates'), tools, hint, place, marks);
  const card = new Card('', details);

  /** @param {() => void} change */
  function set(change) {
    change();
    if (brushed.size > 0) narrow();
    schedule();
  }

  const scoped = () => (scope === 'ticked' ? selection.ticked.flatMap((id) => catalogue.rows.get(id) ?? []) : narrowing.matching);
  const marked = () => scoped().filter((row) => [...brushed.values()].every((each) => lies(each, row)));

  /** @param {string} key @param {import('./brush.js').Stretch[]} stretches */
  function brush(key, stretches) {
    const axis = axes.find((each) => each.key === key);
    if (axis && stretches.length > 0) brushed.set(key, brushedOn(axis, stretches));
    else brushed.delete(key);
    narrow();
  }

  /** The table shows what is brushed. */
  function narrow() {
    const all = [...brushed.values()];
    narrowing.brushTo(all.length === 0 ? null : (row) => (scope === 'found' || selection.has(row.id)) && all.every((each) => lies(each, row)));
  }

  function unbrush() {
    if (brushed.size === 0) return;
    for (const key of brushed.keys()) plot?.mark(key, []);
    brushed.clear();
    narrow();
  }

  async function load() {
    try {
      library = await loadLibrary();
      failed = '';
    } catch (error) {
      failed = words.notLoaded(/** @type {Error} */ (error));
    }
    schedule();
  }

  function draw() {
    due = 0;
    card.show(catalogue.rows.size > 0);
    if (!details.open || !place.isConnected || pressed) return;
    const begun = performance.now();
    const rows = [...scoped()].sort((a, b) => (b.start || 0) - (a.start || 0)).slice(0, MOST);
    const { keys, shown } = differing(rows);
    const known = targets(rows);
    drawTools(keys, chosen ?? shown, known);
    const key = known.includes(target) ? target : known[0];
    axes = [...keys.filter((each) => (chosen ?? shown).has(each)), ...(key ? [key] : [])].map((each) => axisOf(rows, each));
    const gone = [...brushed.keys()].filter((each) => !axes.some((axis) => axis.key === each));
    if (gone.length > 0) {
      gone.forEach((each) => brushed.delete(each));
      narrow();
    }
    const missing = failed || words.missing({ rows: rows.length, params: keys.length, axes: axes.length - Number(Boolean(key)), scope });
    hint.hidden = !missing && key !== undefined;
    say(hint, missing || words.NO_METRIC);
    place.hidden = Boolean(missing) || library === null;
    if (library && !missing) {
      plot ??= new ParallelPlot(library, place, brush);
      place.setAttribute('aria-label', `Parallel coordinates of ${rows.length} runs: ${axes.map(({ title }) => title).join(', ')}`);
      plot.draw({ rows, axes, target: axes.find((axis) => axis.key === key) ?? null }, stretchesOf);
    }
    drawMarked();
    last = performance.now();
    cost = last - begun;
  }

  /** @param {import('./axes.js').Axis} axis */
  function stretchesOf(axis) {
    const known = brushed.get(axis.key);
    return known ? stretchesOn(known, axis) : [];
  }

  /** @param {string[]} keys @param {Set<string>} shown @param {string[]} known */
  function drawTools(keys, shown, known) {
    menu.draw(keys.map((each) => ({ key: each, title: each.slice(6) })), shown);
    if (metrics.dataset.known !== known.join('\n')) {
      metrics.dataset.known = known.join('\n');
      metrics.replaceChildren(...known.map((each) => element('option', { value: each }, `best ${each.slice(7)}`)));
    }
    metrics.value = known.includes(target) ? target : known[0] ?? '';
    by.hidden = ramp.hidden = known.length === 0;
  }

  function drawMarked() {
    const all = scoped().length;
    const some = brushed.size > 0 ? marked().length : 0;
    marks.hidden = place.hidden;
    say(count, brushed.size > 0 ? `${some} of ${all} runs are marked` : words.howToMark(all, MOST));
    tick.hidden = some === 0 || some > MOST_TICKED;
    clear.hidden = brushed.size === 0;
  }

  function schedule() {
    // What is being brushed stays under the pointer; it is drawn again when that is let go.
    if (due || pressed) return;
    due = window.setTimeout(draw, Math.max(30, REST * cost - (performance.now() - last)));
  }

  function toggle() {
    keep('parallel', details.open || null);
    if (!details.open) unbrush();
    else if (library === null) load();
    schedule();
  }

  for (const event of ['pointerup', 'pointercancel']) {
    window.addEventListener(event, () => {
      if (!pressed) return;
      pressed = false;
      schedule();
    });
  }
  details.open = recall('parallel', flag, false);
  details.addEventListener('toggle', toggle);
  catalogue.subscribe(schedule);
  selection.subscribe(schedule);
  narrowing.subscribe(() => {
    if (!narrowing.brush && brushed.size > 0) unbrush();
    drawMarked();
    schedule();
  });
  new ResizeObserver(schedule).observe(details);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', schedule);
  return card;
}
