// The lines of a chart: what each ticked run has of its metrics, thinned so that any number of runs is drawn in a frame.
import { logsOf } from '../runs/facts.js';
import { lostOf } from './marks.js';
import { curveOf, epochsOf, smoothed, thinned } from './series.js';

/**
 * @typedef {import('./chart.js').Line} Line
 * @typedef {import('./series.js').Curve} Curve
 * @typedef {import('../runs/facts.js').Document} Document
 * @typedef {{ axis: import('./series.js').Axis, log: boolean, smooth: number }} Settings
 * @typedef {{ run: Document, label: string, color: string, elapsed: number | null }} Shown elapsed: seconds that it took so far
 */

const POINTS = 30_000; // of a chart: what is drawn within a frame
const MOST = 2000; // of a line
const LEAST = 120;
const FAINT = 12; // the most lines whose raw values are seen behind the smoothed ones

/** @type {Record<import('./series.js').Axis, string>} */
const UNITS = { epoch: 'epoch', step: 'step', time: 'seconds' };

/**
 * What the x axis counts. An adapter's run may have a step in each place that others have an epoch in.
 * @param {Shown[]} shown
 * @param {import('./series.js').Axis} axis
 */
export const unitOf = (shown, axis) => (axis === 'epoch' && shown.length && shown.every(({ run }) => run.x === 'step') ? 'step' : UNITS[axis]);

/**
 * What was made of each run's metrics: an event brings a new document of one run, and all others are drawn as they were.
 * @type {WeakMap<Document, Map<string, { how: string, curve: Curve }>>}
 */
const kept = new WeakMap();

/**
 * @param {Document} run
 * @param {string} what which of its curves
 * @param {string} how all that the curve depends on beside the run
 * @param {() => Curve} make
 */
function curveFor(run, what, how, make) {
  let known = kept.get(run);
  if (!known) kept.set(run, (known = new Map()));
  const before = known.get(what);
  if (before?.how === how) return before.curve;
  const curve = make();
  known.set(what, { how, curve });
  return curve;
}

/**
 * @param {Shown[]} shown
 * @param {string[]} metrics
 * @param {Settings} settings
 * @returns {Line[]}
 */
export function linesOf(shown, metrics, { axis, log, smooth }) {
  const wanted = shown.flatMap(({ run, label, color, elapsed }) => {
    const logs = logsOf(run);
    return metrics.filter((metric) => logs[metric]?.length).map((metric, place) => ({
      key: `${run.id ?? run._id} ${metric}`,
      label: shown.length > 1 ? `${label} ${metrics.length > 1 ? metric : ''}`.trim() : metric,
      what: metric, color, dashed: metrics.length > 1 && metric !== metrics[0] && place >= 0,
      run, metric, elapsed, values: logs[metric],
    }));
  });
  const limit = Math.max(LEAST, Math.min(MOST, Math.floor(POINTS / Math.max(1, wanted.length))));
  return wanted.flatMap(({ run, metric, elapsed, values, ...line }) => {
    const at = `${axis} ${axis === 'time' ? elapsed : ''} ${log}`;
    const whole = curveFor(run, metric, at, () => {
      const xOf = placesOf(run, values.length, axis, elapsed);
      // Where places are steps, each has what was logged at that step, and the rest of the metrics is not missing there.
      return { ...curveOf(values, xOf, log), lost: run.x === 'step' ? [] : lostOf(values, xOf) };
    });
    const curve = curveFor(run, `drawn ${metric}`, `${at} ${smooth} ${limit}`, () => thinned(smoothed(whole, smooth), limit));
    const main = { ...line, faint: false, curve };
    if (smooth <= 0 || wanted.length > FAINT) return [main];
    return [{ ...line, key: `${line.key} raw`, dashed: false, faint: true, curve: thinned(whole, limit) }, main];
  });
}

/**
 * Where the values of a run lie on the x axis.
 * @param {Document} run
 * @param {number} length
 * @param {import('./series.js').Axis} axis
 * @param {number | null} elapsed
 * @returns {(place: number) => number}
 */
function placesOf(run, length, axis, elapsed) {
  const epochs = epochsOf(run, length);
  if (axis === 'step' && run.x !== 'step') {
    const steps = Number(run.params?.steps) || 1;
    return (place) => epochs(place) * steps;
  }
  // A run's document has no time for each epoch: they are spread evenly over the time that it took.
  if (axis === 'time' && elapsed !== null) return (place) => ((place + 1) * elapsed) / length;
  return epochs;
}
