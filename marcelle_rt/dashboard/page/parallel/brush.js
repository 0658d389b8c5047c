// What is brushed on an axis: stretches of numbers, or names of categories, which keep their meaning as the axis changes. Pure.
import { isNumber, nameOf, valueOf } from './axes.js';

/**
 * @typedef {import('./axes.js').Axis} Axis
 * @typedef {[number, number]} Stretch
 * @typedef {{ key: string, stretches: Stretch[], names: Set<string> | null }} Brushed names: on a category axis
 */

/**
 * @param {Axis} axis
 * @param {Stretch[]} stretches as they are on the axis now
 * @returns {Brushed}
 */
export function brushedOn({ key, kind, names }, stretches) {
  const within = (/** @type {number} */ place) => inside(stretches, place);
  return { key, stretches, names: kind === 'category' ? new Set(names.filter((_, place) => within(place))) : null };
}

/** Whether a run lies in what is brushed. @param {Brushed} brushed @param {import('../runs/facts.js').Row} row */
export function lies({ key, stretches, names }, row) {
  const value = valueOf(row, key);
  if (names) return names.has(nameOf(value) ?? '');
  return isNumber(value) && inside(stretches, value);
}

/**
 * Where it lies on the axis as that is now.
 * @param {Brushed} brushed
 * @param {Axis} axis
 * @returns {Stretch[]}
 */
export function stretchesOn({ stretches, names }, axis) {
  if (!names && axis.kind !== 'category') return stretches;
  if (!names) return axis.names.flatMap((name, place) => (inside(stretches, Number(name)) ? [around(place)] : []));
  if (axis.kind === 'category') return axis.names.flatMap((name, place) => (names.has(name) ? [around(place)] : []));
  const numbers = [...names].map(Number).filter(isNumber);
  return numbers.length > 0 ? [[Math.min(...numbers), Math.max(...numbers)]] : [];
}

/** @param {number} place @returns {Stretch} */
const around = (place) => [place - 0.4, place + 0.4];

/** @param {Stretch[]} stretches @param {number} value */
const inside = (stretches, value) => stretches.some(([from, to]) => from <= value && value <= to);
