// Where a metric has no number among those that it has, and how that is seen: its line is broken, and a mark stands there.

/**
 * @typedef {object} Lost a stretch of places without a number
 * @property {number} from its first place on the x axis
 * @property {number} to its last one
 */

const SIZE = 4; // pixels from a mark's middle to its ends

/**
 * A run's document has `null` for what was NaN, infinite, or not told. A metric that is told every fifth epoch lacks none
 * of its numbers; so one counts as lost where it is missing from the rhythm that most of the others keep.
 * @param {unknown[]} values
 * @param {(place: number) => number} xOf
 * @returns {Lost[]}
 */
export function lostOf(values, xOf) {
  const there = values.flatMap((value, place) => (typeof value === 'number' && Number.isFinite(value) ? [place] : []));
  if (there.length === 0 || there.length === values.length) return [];
  const apart = there.slice(1).map((place, i) => place - there[i]);
  const every = [...apart].sort((a, b) => a - b)[apart.length >> 1] ?? 1;
  if (2 * apart.filter((each) => each === every).length < apart.length) return [];
  return [...there.slice(1), values.length].flatMap((next, i) => {
    const count = Math.ceil((next - there[i]) / every) - 1;
    return count > 0 ? [{ from: xOf(there[i] + every), to: xOf(there[i] + count * every) }] : [];
  });
}

/**
 * The stretch that a place on the x axis is in, or nearer to than it is to a number.
 * @param {Lost[]} lost
 * @param {number} x
 * @param {number} number the place of the number that is nearest to it
 */
export const lostAt = (lost, x, number) => lost.find(({ from, to }) => Math.max(from - x, x - to, 0) < Math.abs(number - x));

/**
 * A line that is broken where numbers are lost. What stands alone between two breaks is a dot.
 * @param {import('uplot')} plot
 * @param {import('./series.js').Curve} curve
 * @returns {{ stroke: Path2D }}
 */
export function brokenPath(plot, { x, y, lost = [] }) {
  const path = new Path2D();
  let [next, length] = [0, 0];
  const at = (/** @type {number} */ i) => /** @type {const} */ ([plot.valToPos(x[i], 'x', true), plot.valToPos(y[i], 'y', true)]);
  const dot = (/** @type {number} */ i) => length === 1 && path.arc(...at(i), 2 * devicePixelRatio, 0, 2 * Math.PI);
  for (let i = 0; i < x.length; i += 1) {
    const before = next;
    while (next < lost.length && lost[next].from < x[i]) next += 1;
    if (i === 0 || next > before) {
      dot(i - 1);
      path.moveTo(...at(i));
      length = 0;
    } else path.lineTo(...at(i));
    length += 1;
  }
  dot(x.length - 1);
  return { stroke: path };
}

/**
 * Draws a mark for each stretch, as high as the number before it.
 * @param {import('uplot')} plot
 * @param {import('./chart.js').Line[]} lines
 */
export function drawMarks(plot, lines) {
  const { ctx, bbox } = plot;
  const size = SIZE * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - size, bbox.top - size, bbox.width + 2 * size, bbox.height + 2 * size);
  ctx.clip();
  for (const { color, faint, curve } of lines) {
    if (faint || !curve.lost) continue;
    ctx.fillStyle = color;
    let before = 0;
    for (const { from } of curve.lost) {
      while (curve.x[before + 1] < from) before += 1;
      const [x, y] = [plot.valToPos(from, 'x', true), plot.valToPos(curve.y[before], 'y', true)];
      ctx.beginPath();
      ctx.moveTo(x, y - size);
      ctx.lineTo(x + size, y + size);
      ctx.lineTo(x - size, y + size);
      ctx.fill();
    }
  }
  ctx.restore();
}
