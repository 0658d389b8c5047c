// The numbers behind a drawn curve: its places on the x axis, which points are kept, and how they are smoothed. Pure.

/**
 * @typedef {'epoch' | 'step' | 'time'} Axis
 * @typedef {{ x: number[], y: number[], lost?: import('./marks.js').Lost[] }} Curve all y are finite; `lost` is between and behind them
 */

/**
 * The number of the epoch at each place of a run's lists. A run names them by stretches where they are not consecutive;
 * else they are counted back from the last one's, or from 1 where the run doesn't name that.
 * @param {import('../runs/facts.js').Document} run
 * @param {number} length
 * @returns {(place: number) => number}
 */
export function epochsOf(run, length) {
  const first = Number.isInteger(run.epoch) && run.epoch >= length - 1 ? run.epoch - length + 1 : 1;
  const told = run.epoch_numbers;
  if (!Array.isArray(told) || !told.every(isStretch)) return (place) => first + place;
  const begins = [...told.map(([place]) => place), length];
  if (begins[0] !== 0 || begins.some((place, i) => i > 0 && place < begins[i - 1])) return (place) => first + place;
  const numbers = told.flatMap(([place, number, step], i) => Array.from({ length: begins[i + 1] - place }, (_, n) => number + n * step));
  return (place) => numbers[place];
}

/** @param {unknown} value */
const isStretch = (value) => Array.isArray(value) && value.length === 3 && value.every(Number.isSafeInteger);

/**
 * @param {unknown[]} values
 * @param {(place: number) => number} xOf
 * @param {boolean} positive whether only what a logarithmic axis can show is kept
 * @returns {Curve}
 */
export function curveOf(values, xOf, positive) {
  /** @type {Curve} */
  const curve = { x: [], y: [] };
  values.forEach((value, place) => {
    if (typeof value !== 'number' || !Number.isFinite(value) || (positive && value <= 0)) return;
    curve.x.push(xOf(place));
    curve.y.push(value);
  });
  return curve.x.some((x, i) => i > 0 && x < curve.x[i - 1]) ? byX(curve) : curve;
}

/** Epochs that were saved in another order than that of their numbers: a line goes from left to right. @param {Curve} curve */
function byX({ x, y }) {
  const places = x.map((_, place) => place).sort((a, b) => x[a] - x[b]);
  return { x: places.map((place) => x[place]), y: places.map((place) => y[place]) };
}

/**
 * Of a long curve the least and the greatest of each piece; the first and the last point are among them.
 * @param {Curve} curve
 * @param {number} limit the most points, at least 4
 * @returns {Curve}
 */
export function thinned(curve, limit) {
  const { x, y } = curve;
  if (y.length <= limit) return curve;
  const width = Math.ceil(y.length / (Math.floor(limit / 2) - 1));
  const places = [0];
  const keep = (/** @type {number} */ place) => void (place > places[places.length - 1] && places.push(place));
  for (let from = 0; from < y.length; from += width) {
    let [low, high] = [from, from];
    for (let i = from + 1; i < Math.min(y.length, from + width); i += 1) {
      if (y[i] < y[low]) low = i;
      if (y[i] > y[high]) high = i;
    }
    keep(Math.min(low, high));
    keep(Math.max(low, high));
  }
  keep(y.length - 1);
  return { ...curve, x: places.map((i) => x[i]), y: places.map((i) => y[i]) };
}

/**
 * An exponential moving average without its bias towards zero, as TensorBoard's scalars have it.
 * @param {Curve} curve
 * @param {number} weight from 0 (as it is) to below 1: how much of what was before stays in each value
 * @returns {Curve}
 */
export function smoothed(curve, weight) {
  const { y } = curve;
  if (weight <= 0) return curve;
  let [last, left] = [0, 1];
  const even = new Array(y.length);
  for (let i = 0; i < y.length; i += 1) {
    last = last * weight + (1 - weight) * y[i];
    left *= weight;
    even[i] = last / (1 - left);
  }
  return { ...curve, y: even };
}

/**
 * The place of the value in a growing list that is nearest to one.
 * @param {number[]} list
 * @param {number} value
 */
export function nearest(list, value) {
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value - list[low - 1] < list[low] - value ? low - 1 : low;
}
