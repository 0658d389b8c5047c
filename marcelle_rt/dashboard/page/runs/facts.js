// What a run's document tells, also one of another program. Pure.

/**
 * @typedef {Record<string, any>} Document A document of a backend, about which nothing is promised.
 * @typedef {{ best: number, last: number, count: number }} Figures What is told of a metric in a table.
 * @typedef {'waiting' | 'training' | 'silent' | 'finished' | 'failed'} State
 *
 * @typedef {object} Row What is kept of each run.
 * @property {string} id
 * @property {string} name
 * @property {string} status
 * @property {number} done how many epochs it has done
 * @property {number | null} planned
 * @property {number} start milliseconds since 1970, or NaN
 * @property {number | null} end the same; null while it goes on, or where nobody knows
 * @property {Record<string, unknown>} params by their dotted names
 * @property {string[]} tags
 * @property {string} basename
 * @property {string} group
 * @property {string} notes
 * @property {string} error
 * @property {string} outcome how it ended early without a failure: stopped or pruned
 * @property {string} reason why it did
 * @property {unknown} updated when the backend changed it last
 * @property {Record<string, Figures> | null} metrics null: not read yet
 */

const ACTIVE = ['idle', 'start', 'epoch'];
// As `runs/training/metrics.py` has them; a test compares.
const GROWING = /acc|auc|precision|recall|f1|fmeasure|r2|score|iou|io_u|dice|cosine|bleu|rouge|ndcg|mrr|psnr|ssim|reward|return|(?<![a-z])map(?![a-z])/;
const SHRINKING = /loss|err|mae|mse|mape|msle|perplexity|entropy|divergence|hinge|poisson|cosh/;
const LATE = 60_000; // a run that came to the backend later than that was uploaded: its last change tells nothing

/** @param {Document} document */
export const idOf = (document) => String(document.id ?? document._id);

/** @param {{ status: string }} run */
export const isActive = ({ status }) => ACTIVE.includes(status);

/**
 * Whether more of a metric is better, by its name; `dice_loss` is a loss.
 * @param {string} metric
 */
export const grows = (metric) => GROWING.test(metric.toLowerCase()) && !SHRINKING.test(metric.toLowerCase());

/**
 * Metrics in the order that people look for them: losses, then what else there is.
 * @param {Iterable<string>} metrics
 */
export const ordered = (metrics) =>
  [...metrics].sort((a, b) => Number(!a.toLowerCase().includes('loss')) - Number(!b.toLowerCase().includes('loss')));

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A run's metrics that are lists.
 * @param {Document} run
 * @returns {Record<string, unknown[]>}
 */
export function logsOf(run) {
  if (!isObject(run.logs)) return {};
  const lists = Object.entries(run.logs).filter(([, values]) => Array.isArray(values));
  return Object.fromEntries(/** @type {[string, unknown[]][]} */ (lists));
}

/**
 * @param {string} metric
 * @param {unknown[]} values
 * @returns {Figures | null} null where there is no number
 */
export function figures(metric, values) {
  const more = grows(metric);
  let [best, last, count] = [NaN, NaN, 0];
  for (const value of values) {
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    if (!(more ? best >= value : best <= value)) best = value;
    last = value;
    count += 1;
  }
  return count ? { best, last, count } : null;
}

/**
 * Parameters by their dotted names, without nesting.
 * @param {unknown} params
 * @param {string} prefix
 * @returns {Record<string, unknown>}
 */
export function flat(params, prefix = '') {
  if (!isObject(params)) return {};
  return Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) =>
      isObject(value) && Object.keys(value).length > 0
        ? Object.entries(flat(value, `${prefix}${name}.`))
        : [[`${prefix}${name}`, value]],
    ),
  );
}

/** @param {unknown} value */
const timeOf = (value) => (typeof value === 'string' ? Date.parse(value) : NaN);

/** @param {unknown} value */
const textOf = (value) => (typeof value === 'string' ? value : value === null || value === undefined ? '' : String(value));

/** @param {Document} run */
function endOf(run) {
  if (isActive({ status: run.status })) return null;
  const told = timeOf(run.end);
  if (!Number.isNaN(told)) return told;
  const [start, created, changed] = [timeOf(run.start), timeOf(run.createdAt), timeOf(run.updatedAt)];
  return created - start <= LATE ? changed : null;
}

/**
 * The objects in a list of a document's; none where it is something else.
 * @param {Document} run
 * @param {string} name
 * @returns {Document[]}
 */
export const entriesOf = (run, name) => (Array.isArray(run[name]) ? run[name].filter(isObject) : []);

/**
 * What is kept of a run.
 * @param {Document} run
 * @param {Row | undefined} before what was known of it
 * @returns {Row}
 */
export function rowOf(run, before) {
  const read = isObject(run.logs);
  const metrics = read ? {} : before?.metrics ?? null;
  let places = 0;
  if (read && metrics) {
    for (const [metric, values] of Object.entries(logsOf(run))) {
      places = Math.max(places, values.length);
      const found = figures(metric, values);
      if (found) metrics[metric] = found;
    }
  }
  return {
    id: idOf(run),
    name: textOf(run.name || run.basename) || idOf(run),
    status: textOf(run.status),
    done: Math.max(Number.isInteger(run.epoch) ? run.epoch : 0, places),
    planned: Number.isInteger(run.epochs) && run.epochs > 0 ? run.epochs : null,
    start: timeOf(run.start),
    end: endOf(run),
    params: flat(run.params),
    tags: Array.isArray(run.tags) ? run.tags.map(textOf) : [],
    basename: textOf(run.basename),
    group: textOf(run.group),
    notes: textOf(run.notes),
    error: textOf(run.error),
    outcome: textOf(run.outcome),
    reason: textOf(run.reason),
    updated: run.updatedAt,
    metrics,
  };
}
