// The cards of what lies beside runs as curves: on a run's page its own, and below the table those of all ticked runs.
import { Card } from '../card.js';
import { arrange, element } from '../dom.js';
import { Chart } from '../curves/chart.js';
import { curveOf, thinned } from '../curves/series.js';
import { flag, keep, recall } from '../kept.js';
import { colorOf } from '../runs/selection.js';
import { batchCurves, systemCurves } from './curves.js';
import { followBeside } from './follow.js';

/**
 * @typedef {import('../runs/facts.js').Document} Document
 * @typedef {import('./curves.js').Groups} Groups
 * @typedef {import('../curves/chart.js').Line} Line
 * @typedef {import('./follow.js').Shown & { color: (id: string) => string, label: (id: string) => string }} Shown
 * @typedef {{ service: string, title: string, unit: string, curves: (documents: Document[]) => Groups, how: string }} Kind
 */

const POINTS = 2000;
const MOST_RUNS = 20; // each has many documents, all of which are read

/** @type {Record<'batches' | 'system', Kind>} */
const KINDS = {
  batches: { service: 'run-batches', title: 'Batches', unit: 'batch', curves: batchCurves, how: 'save_batch and KerasCallback(batch_freq=...) save them' },
  system: { service: 'run-system', title: 'The machine', unit: 'seconds', curves: systemCurves, how: 'Writer(system_metrics=True) measures it' },
};

/**
 * Charts that are kept level with what lies beside the shown runs.
 * @param {import('../connection.js').Connection} connection
 * @param {Shown} shown
 * @param {Kind} kind
 * @param {(count: number) => void} told called with how many charts there are
 */
function chartsBeside(connection, shown, kind, told) {
  const grid = element('div', { class: 'rt-charts' });
  /** @type {Map<string, Chart>} */
  const charts = new Map();
  /** @type {WeakMap<Document[], Map<string, Line[]>>} what was made of a run's documents: those of others change meanwhile */
  const made = new WeakMap();

  /** @param {string} id @param {Document[]} documents */
  function linesOf(id, documents) {
    const known = made.get(documents);
    if (known) return known;
    const groups = [...kind.curves(documents)].map(([name, values]) => /** @type {[string, Line[]]} */ ([
      name,
      values.map(({ label, x, y }) => {
        const curve = thinned(curveOf(y, (at) => x[at], false), POINTS);
        return { key: `${id} ${label}`, label, what: label, color: '', dashed: false, faint: false, curve };
      }),
    ]));
    made.set(documents, new Map(groups));
    return new Map(groups);
  }

  followBeside(connection, shown, kind.service, (runs) => {
    /** @type {Map<string, Line[]>} */
    const groups = new Map();
    for (const [id, documents] of runs) {
      for (const [name, lines] of linesOf(id, documents)) {
        // Beside other runs a run has one color; alone, each of its lines has its own.
        const drawn = lines.map((line, place) =>
          runs.size === 1 && lines.length > 1
            ? { ...line, color: colorOf(place) }
            : { ...line, color: shown.color(id), dashed: place > 0, label: runs.size === 1 ? line.label : [shown.label(id), lines.length > 1 && line.label].filter(Boolean).join(' ') },
        );
        groups.set(name, [...(groups.get(name) ?? []), ...drawn]);
      }
    }
    for (const [name, chart] of charts) {
      if (groups.has(name)) continue;
      chart.destroy();
      charts.delete(name);
    }
    told(groups.size);
    for (const name of groups.keys()) if (!charts.has(name)) charts.set(name, new Chart(name));
    arrange(grid, [...groups.keys()].map((name) => /** @type {Chart} */ (charts.get(name)).element));
    for (const [name, lines] of groups) charts.get(name)?.draw(lines, { log: false, unit: kind.unit });
  });
  return grid;
}

/**
 * A card of a run's page; it is hidden where there is nothing.
 * @param {import('../connection.js').Connection} connection
 * @param {Shown} shown
 * @param {'batches' | 'system'} which
 */
export function besideCard(connection, shown, which) {
  const kind = KINDS[which];
  const place = element('div');
  const card = new Card(kind.title, place);
  card.show(false);
  place.append(chartsBeside(connection, shown, kind, (count) => card.show(count > 0)));
  return card;
}

/**
 * The card below the curves of the ticked runs: what lies beside them is read once it is opened.
 * @param {import('../connection.js').Connection} connection
 * @param {import('../runs/catalogue.js').Catalogue} catalogue
 * @param {import('../runs/selection.js').Selection} selection
 */
export function tickedCard(connection, catalogue, selection) {
  const parts = Object.values(KINDS).map((kind) => {
    const details = element('details', { class: 'rt-beside' }, element('summary', {}, kind.title));
    const hint = element('p', { class: 'rt-hint' }, `The ticked runs have none: ${kind.how}.`);
    const shown = {
      get ticked() {
        return details.open ? selection.ticked.slice(0, MOST_RUNS) : [];
      },
      color: (/** @type {string} */ id) => selection.color(id),
      label: (/** @type {string} */ id) => catalogue.rows.get(id)?.name ?? id,
      subscribe(/** @type {() => void} */ listener) {
        selection.subscribe(listener);
        details.addEventListener('toggle', listener);
      },
    };
    details.open = recall(kind.service, flag, false);
    details.addEventListener('toggle', () => keep(kind.service, details.open || null));
    details.append(hint, chartsBeside(connection, shown, kind, (count) => void (hint.hidden = count > 0)));
    return details;
  });
  const card = new Card('Batches and machines', ...parts);
  const look = () => card.show(selection.ticked.length > 0);
  selection.subscribe(look);
  look();
  return card;
}
