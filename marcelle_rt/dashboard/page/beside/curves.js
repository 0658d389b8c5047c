// The curves of what lies beside one run: its batches, and the machine that it trained on. Pure.
import { ordered } from '../runs/facts.js';

/**
 * @typedef {import('../runs/facts.js').Document} Document
 * @typedef {{ label: string, x: number[], y: unknown[] }} Values
 * @typedef {Map<string, Values[]>} Groups the curves of each chart
 */

/**
 * A run's batches in their order, a chart a metric.
 * @param {Document[]} chunks
 * @returns {Groups}
 */
export function batchCurves(chunks) {
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
 * Measurements of the machine over the time since the first of them.
 * @param {Document[]} measured
 * @returns {Groups}
 */
export function systemCurves(measured) {
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
