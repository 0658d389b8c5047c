// Which axes some runs have in parallel coordinates: a parameter each that differs among them, and one best value. Pure.
import { KERAS, metricsOf } from '../runs/columns.js';
import { grows } from '../runs/facts.js';
import { plain } from '../text.js';

/**
 * @typedef {import('../runs/facts.js').Row} Row
 * @typedef {object} Axis
 * @property {string} key `param lr` or `metric val_loss`
 * @property {string} title
 * @property {'value' | 'log' | 'category'} kind
 * @property {string[]} names the categories from the axis' beginning on; none on the other kinds
 * @property {(number | null)[]} values one of each run, on a category axis its place there; null: the run has none
 */

const MOST_SHOWN = 10; // axes where nobody chose
const MOST_NAMES = 30; // a text that differs in more runs than that is a label and not a parameter, such as a folder
const FEW = 12; // values that can stand side by side without a scale
const SPAN = 50; // how many times the least the greatest is at least on a logarithmic axis
const LOW = 5; // and this many times the median: else the values are spread over a linear axis well enough

/** @param {Row} row @param {string} key @returns {unknown} */
export function valueOf(row, key) {
  const name = key.slice(key.indexOf(' ') + 1);
  if (key.startsWith('param ')) return Object.hasOwn(row.params, name) ? row.params[name] : undefined;
  return row.metrics && Object.hasOwn(row.metrics, name) ? row.metrics[name].best : undefined;
}

/** How a category axis names a value; undefined: the run has none. @param {unknown} value */
export const nameOf = (value) => (value === null || value === undefined || value === '' ? undefined : plain(value));

/** @param {unknown} value @returns {value is number} */
export const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

/**
 * The parameters by which some runs differ, those first that are shown where nobody chose.
 * @param {Row[]} rows
 * @returns {{ keys: string[], shown: Set<string> }}
 */
export function differing(rows) {
  /** @type {Map<string, { names: Set<string>, numeric: boolean }>} */
  const seen = new Map();
  for (const { params } of rows) {
    for (const [param, value] of Object.entries(params)) {
      const name = nameOf(value);
      if (name === undefined) continue;
      let known = seen.get(param);
      if (!known) seen.set(param, (known = { names: new Set(), numeric: true }));
      known.names.add(name);
      known.numeric &&= isNumber(value);
    }
  }
  const found = [...seen].filter(([, { names }]) => names.size > 1);
  const telling = found.filter(([param, { names, numeric }]) => !KERAS.includes(param) && (numeric || names.size <= MOST_NAMES));
  return {
    keys: found.map(([param]) => `param ${param}`),
    shown: new Set(telling.slice(0, MOST_SHOWN).map(([param]) => `param ${param}`)),
  };
}

/** The metrics whose best value some runs can be judged by, the likeliest first. @param {Row[]} rows */
export const targets = (rows) => metricsOf(rows).map((metric) => `metric ${metric}`);

/**
 * @param {Row[]} rows
 * @param {string} key
 * @returns {Axis}
 */
export function axisOf(rows, key) {
  const title = key.startsWith('metric ') ? `best ${key.slice(7)}` : key.slice(6);
  const raw = rows.map((row) => valueOf(row, key));
  const numbers = raw.filter(isNumber);
  const kind = raw.some((value) => !isNumber(value) && nameOf(value) !== undefined) ? 'category' : kindOf(numbers);
  if (kind !== 'category') return { key, title, kind, names: [], values: raw.map((value) => (isNumber(value) ? value : null)) };
  const names = inOrder(raw);
  const places = new Map(names.map((name, place) => [name, place]));
  return { key, title, kind, names, values: raw.map((value) => places.get(nameOf(value) ?? '') ?? null) };
}

/** @param {number[]} numbers @returns {'value' | 'log' | 'category'} */
function kindOf(numbers) {
  const distinct = [...new Set(numbers)];
  const sizes = distinct.filter((value) => value !== 0).map(Math.abs).sort((a, b) => a - b);
  const [low, middle, high] = [sizes[0], sizes[Math.floor((sizes.length - 1) / 2)], sizes[sizes.length - 1]];
  if (sizes.length === 0 || high < SPAN * low || high < LOW * middle) return 'value';
  if (distinct.every((value) => value > 0)) return 'log';
  // A logarithmic axis has no zero: decades and a zero stand side by side.
  return distinct.length <= FEW ? 'category' : 'value';
}

/** The names of values: numbers by their size, then texts as people sort them. @param {unknown[]} raw */
function inOrder(raw) {
  /** @type {Map<string, unknown>} */
  const values = new Map();
  for (const value of raw) {
    const name = nameOf(value);
    if (name !== undefined) values.set(name, value);
  }
  return [...values].sort(([a, x], [b, y]) => {
    if (isNumber(x) && isNumber(y)) return x - y;
    return Number(isNumber(y)) - Number(isNumber(x)) || a.localeCompare(b, undefined, { numeric: true });
  }).map(([name]) => name);
}

/**
 * How good each run is by an axis: from 0, the worst of them, to 1; null where it has no value.
 * @param {Axis} axis of a metric
 * @returns {(number | null)[]}
 */
export function goodness({ key, kind, values }) {
  const scaled = values.map((value) => (value === null ? null : kind === 'log' ? Math.log(value) : value));
  const known = scaled.filter(isNumber);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const more = grows(key.slice(7));
  return scaled.map((value) => {
    if (value === null) return null;
    const share = high > low ? (value - low) / (high - low) : 1;
    return more || high === low ? share : 1 - share;
  });
}
