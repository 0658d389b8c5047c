// Which metrics share a chart: a metric and the same of the validation. Pure.
import { logsOf, ordered } from '../runs/facts.js';

/** @typedef {import('../runs/facts.js').Document} Document */

/**
 * The metric of the training that a metric of the validation stands beside; any other is its own.
 * @param {string} metric
 */
export const groupOf = (metric) => metric.replace(/^val[_/ ]/, '').replace(/(_val|Val)$/, '');

/**
 * The charts of some runs, by their names, and the metrics in each.
 * @param {Document[]} runs
 * @param {string} word only charts whose metrics have it in their names
 * @returns {Map<string, string[]>}
 */
export function groupsOf(runs, word) {
  const metrics = new Set(runs.flatMap((run) => Object.keys(logsOf(run))));
  /** @type {Map<string, string[]>} */
  const groups = new Map();
  for (const metric of ordered(metrics)) {
    if (!metric.toLowerCase().includes(word.toLowerCase())) continue;
    const group = groupOf(metric);
    groups.set(group, [...(groups.get(group) ?? []), metric].sort((a, b) => Number(a !== group) - Number(b !== group)));
  }
  return groups;
}
