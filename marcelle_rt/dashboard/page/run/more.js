// The cards of what lies beside a run as curves: its batches, and the machine that it trained on.
import { Card } from '../card.js';
import { arrange, element } from '../dom.js';
import { Chart } from '../curves/chart.js';
import { curveOf, thinned } from '../curves/series.js';
import { ordered } from '../runs/facts.js';
import { colorOf } from '../runs/selection.js';
import { followBeside } from './beside.js';

/**
 * @typedef {import('../runs/facts.js').Document} Document
 * @typedef {{ label: string, x: number[], y: unknown[] }} Values
 */

const POINTS = 2000;

/**
 * A card with a chart for each name.
 * @param {string} title
 * @param {string} unit of the x axis
 */
function chartsCard(title, unit) {
  const grid = element('div', { class: 'rt-charts' });
  const card = new Card(title, grid);
  card.show(false);
  /** @type {Map<string, Chart>} */
  const charts = new Map();
  return {
    card,
    /** @param {Map<string, Values[]>} groups */
    draw(groups) {
      card.show(groups.size > 0);
      for (const [name, chart] of charts) {
        if (groups.has(name)) continue;
        chart.destroy();
        charts.delete(name);
      }
      for (const name of groups.keys()) if (!charts.has(name)) charts.set(name, new Chart(name));
      arrange(grid, [...groups.keys()].map((name) => /** @type {Chart} */ (charts.get(name)).element));
      for (const [name, lines] of groups) {
        const drawn = lines.map(({ label, x, y }, place) => {
          const curve = thinned(curveOf(y, (at) => x[at], false), POINTS);
          return { key: label, label, color: colorOf(place), dashed: false, faint: false, curve };
        });
        charts.get(name)?.draw(drawn, { log: false, unit });
      }
    },
  };
}

/**
 * @param {import('../connection.js').Connection} connection
 * @param {import('./opened.js').OpenedRun} opened
 */
export function batchesCard(connection, opened) {
  const { card, draw } = chartsCard('Batches', 'batch');
  followBeside(connection, opened, 'run-batches', (chunks) => draw(batchCurves(chunks)));
  return card;
}

/**
 * A run's batches in their order, a chart a metric.
 * @param {Document[]} chunks
 * @returns {Map<string, Values[]>}
 */
function batchCurves(chunks) {
  const inOrder = chunks
    .filter(({ steps, logs }) => Array.isArray(steps) && steps.length > 0 && logs)
    .sort((a, b) => a.steps[0] - b.steps[0]);
  const metrics = ordered(new Set(inOrder.flatMap(({ logs }) => Object.keys(logs))));
  return new Map(
    metrics.map((label) => [
      label,
      [
        {
          label,
          x: inOrder.flatMap(({ steps }) => steps),
          y: inOrder.flatMap(({ steps, logs }) => steps.map((/** @type {number} */ _, /** @type {number} */ place) => logs[label]?.[place])),
        },
      ],
    ]),
  );
}

/**
 * @param {import('../connection.js').Connection} connection
 * @param {import('./opened.js').OpenedRun} opened
 */
export function systemCard(connection, opened) {
  const { card, draw } = chartsCard('The machine', 'seconds');
  followBeside(connection, opened, 'run-system', (measured) => draw(systemCurves(measured)));
  return card;
}

/**
 * Measurements of the machine over the time since the first of them.
 * @param {Document[]} measured
 * @returns {Map<string, Values[]>}
 */
function systemCurves(measured) {
  const inOrder = measured.filter(({ time }) => !Number.isNaN(Date.parse(time))).sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  if (inOrder.length === 0) return new Map();
  const x = inOrder.map(({ time }) => (Date.parse(time) - Date.parse(inOrder[0].time)) / 1000);
  /** @param {string} label @param {(document: Document) => unknown} value @returns {Values} */
  const line = (label, value) => ({ label, x, y: inOrder.map(value) });
  const gpus = Math.max(0, ...inOrder.map((document) => (Array.isArray(document.gpus) ? document.gpus.length : 0)));
  const places = Array.from({ length: gpus }, (_, place) => place);
  const groups = new Map([
    ['Machine, percent', [line('processors', ({ cpu }) => cpu), line('memory', ({ memory }) => memory)]],
    ['This program: percent of one processor', [line('processor', (document) => document.process_cpu)]],
    ['This program: memory in MB', [line('memory', (document) => document.process_memory / 1e6)]],
  ]);
  if (gpus > 0) {
    groups.set('GPUs, percent', places.flatMap((place) => [
      line(`GPU ${place}`, (document) => document.gpus?.[place]?.utilization),
      line(`GPU ${place}, memory`, (document) => document.gpus?.[place]?.memory),
    ]));
  }
  return groups;
}
