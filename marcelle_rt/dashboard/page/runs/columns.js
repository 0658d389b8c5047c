// The columns of the table of runs: what each shows, and what it is sorted by. Pure.
import { duration, moment, number, plain } from '../text.js';
import { grows, isActive, ordered } from './facts.js';

/**
 * @typedef {import('./facts.js').Row} Row
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {boolean} numeric whether it stands on the right
 * @property {(row: Row, now: number) => string} text
 * @property {(row: Row, now: number) => string | number | undefined} rank what it is sorted by; undefined comes last
 * @property {boolean} best whether its first order is from the greatest down
 */

const METRICS = 3;
const PARAMS = 4;
export const KERAS = ['epochs', 'steps', 'verbose']; // what Keras itself tells of a fit: nobody compares runs by it

/** @param {Row} row @param {number} now */
export function secondsOf(row, now) {
  const end = isActive(row) ? now : row.end;
  return end === null || Number.isNaN(row.start) ? null : (end - row.start) / 1000;
}

/** @type {Record<string, Column>} */
const FIXED = {
  name: {
    key: 'name', title: 'Name', numeric: false, best: false,
    text: (row) => row.name,
    // Run 10 comes after run 9.
    rank: (row) => row.name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(9, '0')),
  },
  epoch: {
    key: 'epoch', title: 'Epoch', numeric: true, best: true,
    text: (row) => (row.planned ? `${row.done} of ${row.planned}` : String(row.done)),
    rank: (row) => row.done,
  },
  took: {
    key: 'took', title: 'Took', numeric: true, best: true,
    text: (row, now) => duration(secondsOf(row, now)),
    rank: (row, now) => secondsOf(row, now) ?? undefined,
  },
  start: {
    key: 'start', title: 'Started', numeric: true, best: true,
    text: (row, now) => moment(row.start, now),
    rank: (row) => (Number.isNaN(row.start) ? undefined : row.start),
  },
  tags: {
    key: 'tags', title: 'Tags', numeric: false, best: false,
    text: (row) => row.tags.join(', '),
    rank: (row) => row.tags.join(' ') || undefined,
  },
  group: {
    key: 'group', title: 'Group', numeric: false, best: false,
    text: (row) => row.group,
    rank: (row) => row.group.toLowerCase() || undefined,
  },
};

/** @param {string} metric @returns {Column} */
const metricColumn = (metric) => ({
  key: `metric ${metric}`, title: `best ${metric}`, numeric: true, best: grows(metric),
  text: (row) => number(row.metrics?.[metric]?.best),
  rank: (row) => row.metrics?.[metric]?.best,
});

/** @param {string} name @param {boolean} numeric whether all of its values are numbers @returns {Column} */
const paramColumn = (name, numeric) => ({
  key: `param ${name}`, title: name, numeric, best: false,
  text: (row) => plain(row.params[name]),
  rank: (row) => {
    const value = row.params[name];
    return typeof value === 'number' ? value : value === undefined || value === null ? undefined : plain(value).toLowerCase();
  },
});

/**
 * The metrics of some runs, the ones of most runs first.
 * @param {Iterable<Row>} rows
 */
function oftenOf(rows) {
  /** @type {Map<string, number>} how many runs have it */
  const metrics = new Map();
  for (const row of rows) {
    for (const metric of Object.keys(row.metrics ?? {})) metrics.set(metric, (metrics.get(metric) ?? 0) + 1);
  }
  return ordered([...metrics].sort((a, b) => b[1] - a[1]).map(([metric]) => metric));
}

/** @param {string} metric */
const isRate = (metric) => metric.includes('learning_rate');

/** In the order in which people judge by them: the validation's figures are what runs are chosen by. @param {string[]} metrics */
const byWeight = (metrics) =>
  [...metrics].sort((a, b) => Number(isRate(a)) - Number(isRate(b)) || Number(!/val/i.test(a)) - Number(!/val/i.test(b)));

/** The metrics of some runs, those first by which people judge. @param {Iterable<Row>} rows */
export const metricsOf = (rows) => byWeight(oftenOf(rows));

/**
 * All columns that there can be, by their keys, those first that are shown where nobody chose.
 * @param {Row[]} rows
 */
export function columnsOf(rows) {
  /** @type {Map<string, Set<string>>} */
  const values = new Map();
  /** @type {Set<string>} the parameters that have other values than numbers */
  const others = new Set();
  let [tagged, grouped] = [false, false];
  for (const row of rows) {
    tagged ||= row.tags.length > 0;
    grouped ||= row.group !== '';
    for (const [name, value] of Object.entries(row.params)) {
      if (!values.has(name)) values.set(name, new Set());
      if (typeof value !== 'number' && value !== null) others.add(name);
      const seen = /** @type {Set<string>} */ (values.get(name));
      if (seen.size < 3) seen.add(plain(value));
    }
  }
  const often = oftenOf(rows);
  const best = often.filter((metric) => !isRate(metric));
  // A parameter that is the same everywhere tells runs apart from no other.
  const names = [...values].sort((a, b) => Number(b[1].size > 1) - Number(a[1].size > 1)).map(([name]) => name);
  const differing = names.filter((name) => /** @type {Set<string>} */ (values.get(name)).size > 1 && !KERAS.includes(name));
  const columns = [
    ...Object.values(FIXED),
    ...[...best, ...often.filter(isRate)].map(metricColumn),
    ...names.map((name) => paramColumn(name, !others.has(name))),
  ];
  const shown = new Set(['name', 'epoch', 'took', 'start', ...(tagged ? ['tags'] : []), ...(grouped ? ['group'] : [])]);
  byWeight(best).slice(0, METRICS).forEach((metric) => shown.add(`metric ${metric}`));
  differing.slice(0, PARAMS).forEach((name) => shown.add(`param ${name}`));
  return { columns: new Map(columns.map((column) => [column.key, column])), shown };
}

/**
 * Runs in order; those without a value come last, either way round.
 * @param {Row[]} rows
 * @param {Column} column
 * @param {boolean} down
 * @param {number} now
 */
export function sorted(rows, column, down, now) {
  const ranked = rows.map((row) => ({ row, rank: column.rank(row, now) }));
  const sign = down ? -1 : 1;
  ranked.sort((a, b) => {
    if (a.rank === undefined || b.rank === undefined) return Number(a.rank === undefined) - Number(b.rank === undefined);
    if (typeof a.rank !== typeof b.rank) return typeof a.rank === 'number' ? -1 : 1;
    if (a.rank !== b.rank) return a.rank < b.rank ? -sign : sign;
    return (b.row.start || 0) - (a.row.start || 0);
  });
  return ranked.map(({ row }) => row);
}
