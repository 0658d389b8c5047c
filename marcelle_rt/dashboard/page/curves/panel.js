// The card of curves: a chart for each metric of the ticked runs, drawn anew as their epochs come in.
import { Card } from '../card.js';
import { arrange, element, say } from '../dom.js';
import { secondsOf } from '../runs/columns.js';
import { Chart } from './chart.js';
import { curveControls } from './controls.js';
import { groupsOf } from './groups.js';
import { linesOf, unitOf } from './lines.js';

/**
 * @typedef {object} Shown
 * @property {string[]} ticked
 * @property {(id: string) => string} color
 * @property {(ids: string[], on: boolean) => void} tick
 * @property {(listener: () => void) => void} subscribe
 */

const REST = 1; // how much longer than a drawing the page then does other things

/**
 * @param {import('../runs/catalogue.js').Catalogue} catalogue
 * @param {Shown} selection the runs that are drawn
 * @param {{ hint: string, legend: boolean }} words what is said where there is none, and whether they are named
 */
export function curvesCard(catalogue, selection, words) {
  /** @type {Map<string, Chart>} */
  const charts = new Map();
  /** @type {Map<string, string[]>} */
  let groups = new Map();
  const visible = new Set();
  let [due, last, cost] = [0, 0, 0];

  const controls = curveControls(schedule);
  const legend = element('div', { class: 'rt-legend' });
  const grid = element('div', { class: 'rt-charts' });
  const hint = element('p', { class: 'rt-hint' });
  const card = new Card('Curves', controls.element, legend, hint, grid);

  // Only charts that are looked at are drawn, so that a run may have 500 metrics.
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) visible.add(target);
        else visible.delete(target);
      }
      schedule();
    },
    { rootMargin: '200px' },
  );

  function shownRuns() {
    const now = Date.now();
    return selection.ticked.flatMap((id) => {
      const [run, row] = [catalogue.documents.get(id), catalogue.rows.get(id)];
      return run && row ? [{ run, label: row.name, color: selection.color(id), elapsed: secondsOf(row, now) }] : [];
    });
  }

  function draw() {
    due = 0;
    const begun = performance.now();
    const shown = shownRuns();
    const { word, ...settings } = controls.read();
    groups = groupsOf(shown.map(({ run }) => run), word);
    for (const [name, chart] of charts) {
      if (groups.has(name)) continue;
      watcher.unobserve(chart.element);
      visible.delete(chart.element);
      chart.destroy();
      charts.delete(name);
    }
    for (const name of groups.keys()) {
      if (charts.has(name)) continue;
      const chart = new Chart(name);
      charts.set(name, chart);
      watcher.observe(chart.element);
    }
    arrange(grid, [...groups.keys()].map((name) => /** @type {Chart} */ (charts.get(name)).element));
    for (const [name, metrics] of groups) {
      const chart = /** @type {Chart} */ (charts.get(name));
      if (visible.has(chart.element)) chart.draw(linesOf(shown, metrics, settings), { log: settings.log, unit: unitOf(shown, settings.axis) });
    }
    if (words.legend) drawLegend(shown);
    card.show(catalogue.rows.size > 0);
    hint.hidden = groups.size > 0;
    controls.element.hidden = shown.length === 0;
    last = performance.now();
    cost = last - begun;
    say(hint, shown.length === 0 ? words.hint : word ? 'No metric has this in its name.' : 'Nothing was logged yet.');
  }

  const MOST = 12;
  let legends = '';
  /** @param {ReturnType<typeof shownRuns>} shown */
  function drawLegend(shown) {
    const key = JSON.stringify(shown.map(({ label, color }) => [label, color]));
    if (key === legends) return;
    legends = key;
    const names = shown.slice(0, MOST).map(({ run, label, color }) =>
      element(
        'button', { type: 'button', title: 'Untick', onclick: () => selection.tick([String(run.id ?? run._id)], false) },
        element('span', { class: 'rt-swatch', style: `background: ${color}` }), label,
      ),
    );
    legend.replaceChildren(...names, ...(shown.length > MOST ? [element('i', {}, `and ${shown.length - MOST} more`)] : []));
  }

  // The catalogue tells at most 30 times a second; where a drawing takes longer, fewer of them are made.
  function schedule() {
    if (due) return;
    const wait = REST * cost - (performance.now() - last);
    due = wait > 0 ? window.setTimeout(draw, wait) : requestAnimationFrame(draw);
  }

  function drawNow() {
    if (due || REST * cost > performance.now() - last) schedule();
    else draw();
  }

  catalogue.subscribe((changed) => {
    if (catalogue.rows.size === 0 || selection.ticked.some((id) => changed.has(id))) drawNow();
  });
  selection.subscribe(schedule);
  schedule();
  return card;
}
