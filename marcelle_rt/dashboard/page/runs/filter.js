// What is typed into the filter: words, and conditions such as `status:failed`, `tag:baseline`, `lr=0.1`, `val_loss<0.3`. Pure.
// `marcelle-rt runs --query` takes the same (`commands/runs/filters.py`); a test asks both.

/**
 * @typedef {import('./facts.js').Row} Row
 * @typedef {import('./facts.js').State} State
 * @typedef {(row: Row, state: State) => boolean} Test
 * @typedef {object} Filter
 * @property {Test} holds whether all that was typed holds of a run; what can't be read asks for nothing
 * @property {string[]} wrong what is wrong in what was typed, and which form is right
 * @property {string[]} names the parameters and metrics that it asks for
 */

const CONDITION = /^("[^"]+"|[^\s:=<>!"]+)(:|<=|>=|!=|=|<|>)(.*)$/;
const EXAMPLES = 'write it like lr=0.1 or val_loss<0.3';
const FIELDS = ['status', 'tag', 'tags', 'epoch', 'epochs', 'name', 'basename', 'group', 'notes', 'error'];

/**
 * @param {string} text
 * @returns {Filter}
 */
export function filterOf(text) {
  const spaceless = text.replace(/("[^"]*")|\s*([<>!]?=[=<>]*|[<>])\s*/g, (_, quoted, sign) => quoted ?? sign);
  /** @type {Test[]} */
  const tests = [];
  const [wrong, names] = [/** @type {string[]} */ ([]), /** @type {string[]} */ ([])];
  for (const [typed] of spaceless.matchAll(/(?:"[^"]*"|[^\s"])+/g)) {
    const word = typed.replaceAll('"', '');
    // Quotes let a name have blanks and signs of its own.
    const [, name, sign, wanted] = (CONDITION.exec(typed) ?? []).map((part) => part.replaceAll('"', ''));
    const fault = name ? faultOf(name, sign, wanted) : !typed.startsWith('"') && /[=<>]/.test(word) ? `does not begin with a name; ${EXAMPLES}` : '';
    if (fault) {
      wrong.push(`${word} ${fault}.`);
    } else if (name) {
      tests.push((row, state) => compare(sign, valuesOf(row, state, name), wanted));
      if (!FIELDS.includes(name)) names.push(name);
    } else {
      tests.push((row, state) => contains([row.name, row.group, row.notes, state, row.status, row.outcome, row.error, ...row.tags], word));
    }
  }
  return { holds: (row, state) => tests.every((test) => test(row, state)), wrong, names };
}

/**
 * What keeps a condition from being asked, and the right form; an empty text: nothing.
 * @param {string} name @param {string} sign @param {string} wanted
 */
function faultOf(name, sign, wanted) {
  const rest = wanted.replace(/^[=<>]+/, '');
  if (rest === '') return `has nothing after ${sign}; ${EXAMPLES}`;
  if (sign !== ':' && /^[=<>]/.test(wanted)) {
    // `=>` is meant as `>=`
    const meant = sign === '=' && /^[<>]/.test(wanted) ? `${wanted[0]}=` : sign;
    return `has a sign too many; write ${name}${meant}${rest}`;
  }
  if (/[<>]/.test(sign) && Number.isNaN(Number(wanted))) return `compares with ${wanted}, which is not a number; ${EXAMPLES}`;
  return '';
}

/**
 * Says which names no run has as a parameter or as a metric.
 * @param {string[]} names
 * @param {Row[]} rows
 */
export function unknownAmong(names, rows) {
  // While metrics are being read, a name may be one of them.
  if (names.length === 0 || rows.length === 0 || rows.some((row) => row.metrics === null)) return [];
  const has = (/** @type {string} */ name) => rows.some(({ params, metrics }) => Object.hasOwn(params, name) || Object.hasOwn(metrics ?? {}, name));
  const unknown = names.filter((name) => !has(name) && !has(name.replace(/^params\./, '')));
  return unknown.map((name) => {
    const known = rows.flatMap(({ params, metrics }) => [...Object.keys(params), ...Object.keys(metrics ?? {})]);
    const meant = known.find((each) => each.startsWith(name) && /[\s:=<>!]/.test(each));
    return `No run has a parameter or a metric named ${name}.${meant ? ` Names with blanks or signs stand in quotes: "${meant}".` : ''}`;
  });
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
