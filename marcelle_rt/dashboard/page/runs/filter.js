// What is typed into the filter: words, and conditions such as `status:failed`, `tag:baseline`, `lr=0.1`, `val_loss<0.3`. Pure.
// `marcelle-rt runs --query` takes the same (`commands/runs/filters.py`); a test asks both.

/**
 * @typedef {import('./facts.js').Row} Row
 * @typedef {import('./facts.js').State} State
 * @typedef {(row: Row, state: State) => boolean} Test
 */

const CONDITION = /^([^\s:=<>!]+)(:|<=|>=|!=|=|<|>)(.*)$/;

/**
 * @param {string} text
 * @returns {Test} whether all that was typed holds of a run
 */
export function filterOf(text) {
  const tests = [...text.matchAll(/"[^"]*"|\S+/g)].map(([word]) => testOf(word.replaceAll('"', '')));
  return (row, state) => tests.every((test) => test(row, state));
}

/** @param {string} word @returns {Test} */
function testOf(word) {
  const condition = CONDITION.exec(word);
  if (!condition) {
    return (row, state) => contains([row.name, row.group, row.notes, state, row.status, row.outcome, row.error, ...row.tags], word);
  }
  const [, name, sign, wanted] = condition;
  return (row, state) => compare(sign, valuesOf(row, state, name), wanted);
}

/**
 * What a run has under a name: a field, a parameter, or the best of a metric.
 * @param {Row} row @param {State} state @param {string} name
 * @returns {unknown[]}
 */
function valuesOf(row, state, name) {
  if (name === 'status') return [state, row.status, row.outcome].filter(Boolean);
  if (name === 'tag' || name === 'tags') return row.tags;
  if (name === 'epoch') return [row.done];
  if (name === 'epochs') return row.planned === null ? [] : [row.planned];
  if (name === 'name' || name === 'basename' || name === 'group' || name === 'notes' || name === 'error') {
    return row[name] ? [row[name]] : [];
  }
  const parameter = name.replace(/^params\./, '');
  if (Object.hasOwn(row.params, parameter)) return [row.params[parameter]];
  const metric = row.metrics && Object.hasOwn(row.metrics, name) ? row.metrics[name] : null;
  return metric ? [metric.best] : [];
}

/** @param {string[]} texts @param {string} word */
const contains = (texts, word) => texts.some((text) => text.toLowerCase().includes(word.toLowerCase()));

/** @param {string} sign @param {unknown[]} values @param {string} wanted */
function compare(sign, values, wanted) {
  if (sign === '!=') return !values.some((value) => same(value, wanted));
  return values.some((value) => {
    if (sign === '=') return same(value, wanted);
    if (sign === ':') return String(value).toLowerCase().includes(wanted.toLowerCase());
    const [left, right] = [Number(value), Number(wanted)];
    if (sign === '<') return left < right;
    if (sign === '>') return left > right;
    return sign === '<=' ? left <= right : left >= right;
  });
}

/** @param {unknown} value @param {string} wanted */
const same = (value, wanted) =>
  String(value).toLowerCase() === wanted.toLowerCase() || (wanted !== '' && Number(value) === Number(wanted));
