// What is typed into the filter: words, and conditions such as `status:failed`, `tag:baseline`, `lr=0.1`, `val_loss<0.3`. Pure.

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
  if (!condition) return (row, state) => contains([row.name, row.notes, state, row.error, ...row.tags], word);
  const [, name, sign, wanted] = condition;
  if (name === 'status') return (row, state) => compare(sign, [state, row.status], wanted);
  if (name === 'tag') return (row) => compare(sign, row.tags, wanted);
  if (name === 'name') return (row) => compare(sign, [row.name], wanted);
  return (row) => {
    const metric = row.metrics?.[name];
    const values = name in row.params ? [row.params[name]] : metric ? [metric.best] : [];
    return compare(sign, values, wanted);
  };
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
