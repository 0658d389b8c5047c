// What documents may say: no keys that reach into JavaScript's own objects, and no files but uploaded ones.
'use strict';

const { isPlain, isStored } = require('./names');

/**
 * How deep a document or a query may be nested, where each part of a dotted key counts; those of dashboards and
 * trainings are a tenth of it. So no row of patches makes a document that the database could not read again.
 */
const DEEPEST = 100;
/** How many lists may be in one another. The database looks twice at all that is in a list, and so on inside. */
const MOST_LISTS = 6;
/** How long a key may be, with its dots. */
const LONGEST_KEY = 1000;
const INNER = ['__proto__', 'constructor', 'prototype'];
/** In a query, the values of these are keys. */
const CHOICES = ['$select', '$distinct'];
const OPERATORS = ['$set', '$unset', '$inc', '$min', '$max', '$push', '$pop', '$pull', '$addToSet'];
const ADDERS = ['$push', '$addToSet'];
const WRITES = ['create', 'update', 'patch'];

/**
 * Looks through a value for what the database would take for something else.
 * @param {unknown} value
 * @param {number} [depth] How deep it stands.
 * @param {number} [lists] In how many lists.
 * @returns {string | null} What is wrong, or `null`.
 */
function wrongIn(value, depth = 0, lists = 0) {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return null;
  if (depth > DEEPEST) return `is nested deeper than ${DEEPEST}`;
  if (Array.isArray(value)) {
    if (lists >= MOST_LISTS) return `has more than ${MOST_LISTS} lists in one another`;
    for (const item of value) {
      const wrong = typeof item === 'object' ? wrongIn(item, depth + 1, lists + 1) : null;
      if (wrong) return wrong;
    }
    return null;
  }
  for (const key of Object.keys(value)) {
    const wrong = wrongKey(key) || wrongIn(value[key], depth + key.split('.').length, lists + listsIn(key));
    if (wrong) return wrong;
  }
  return null;
}

/** In how many lists is what a key leads to: after a dot, a number is a place in one. */
function listsIn(key) {
  if (ADDERS.includes(key)) return 1;
  return key.split('.').filter((part, n) => n > 0 && /^\d+$/.test(part)).length;
}

/** A dotted key is a path that the database follows; keys with two dollars are its own notes in its files. */
function wrongKey(key) {
  if (key.length > LONGEST_KEY) return `has a key of more than ${LONGEST_KEY} characters`;
  const parts = key.split('.');
  if (parts.length > DEEPEST) return `is nested deeper than ${DEEPEST}`;
  if (listsIn(key) > MOST_LISTS) return `has more than ${MOST_LISTS} lists in one another`;
  const inner = parts.length === 1 ? key === '__proto__' : parts.some((part) => INNER.includes(part));
  return inner || key.startsWith('$$') ? `has the key ${JSON.stringify(key.slice(0, 100))}, which is not allowed` : null;
}

/**
 * Looks through a query, and at the keys that are among its values.
 * @param {object | undefined} query
 * @returns {string | null} What is wrong, or `null`.
 */
function wrongQuery(query = {}) {
  if (Object.keys(query).length === 0) return null; // as nearly all are
  const chosen = CHOICES.flatMap((choice) => query[choice] ?? []).filter((key) => typeof key === 'string');
  return wrongIn(query) || chosen.map(wrongKey).find(Boolean) || null;
}

/**
 * Whether files are kept beside the documents of a service.
 * @param {string} service
 * @returns {boolean}
 */
function holdsFiles(service) {
  return service === 'assets' || service.endsWith('-models');
}

const isFileList = (value) =>
  Array.isArray(value) &&
  value.every((pair) => Array.isArray(pair) && pair.length === 2 && isPlain(pair[0]) && isStored(pair[1]));
const isAddress = (value) => isStored(value) || (typeof value === 'string' && /^https?:\/\//i.test(value));

/** The fields that name files, and what they may be: whole values, never a part that is changed by itself. */
const FIELDS = {
  files: [isFileList, 'a list of [name, "<folder>/<file>"] with plain names'],
  url: [isAddress, '"<folder>/<file>" with plain names, or a web address'],
};

/**
 * Looks at the files that a write names.
 * @param {object} fields What is written.
 * @returns {string | null} What is wrong, or `null`.
 */
function wrongFiles(fields) {
  for (const [key, value] of Object.entries(fields)) {
    if (key.startsWith('$')) {
      const wrong = OPERATORS.includes(key) ? wrongOperator(key, value) : `uses ${key}, which is not known`;
      if (wrong) return wrong;
    } else {
      const field = key.split('.')[0];
      if (Object.hasOwn(FIELDS, field) && !(key === field && FIELDS[field][0](value))) {
        return `has no valid '${field}': it is ${FIELDS[field][1]}`;
      }
    }
  }
  return null;
}

function wrongOperator(operator, fields) {
  if (fields === null || typeof fields !== 'object') return `has no fields in ${operator}`;
  if (operator === '$set') return wrongFiles(fields);
  const field = Object.keys(fields).find((key) => Object.hasOwn(FIELDS, key.split('.')[0]));
  return field === undefined ? null : `changes '${field}' by ${operator}; set it as a whole`;
}

const isId = (id) => typeof id === 'number' || (typeof id === 'string' && id !== '' && !(id in Object.prototype));

/**
 * The folders of uploads that a write names.
 * @param {object | object[] | undefined} data What was checked; nothing where nothing is written.
 * @returns {string[]}
 */
function foldersIn(data) {
  const writes = [data ?? []].flat().flatMap((item) => [item, item.$set ?? {}]);
  const texts = writes.flatMap(({ files = [], url = [] }) => [...files.map((pair) => pair[1]), url].flat());
  return [...new Set(texts.filter(isStored).map((text) => text.split('/')[0]))];
}

/**
 * A hook that looks at every call from outside, before the backend's own hooks.
 * @param {object} errors Feathers' error classes.
 * @returns {(context: object) => object}
 */
function checking({ BadRequest }) {
  const check = (what, wrong) => {
    if (wrong) throw new BadRequest(`${what} ${wrong}.`);
  };
  return (context) => {
    const { id, data, params, method, path } = context;
    if (!params.provider) return context;
    if (id !== undefined && id !== null && !isId(id)) throw new BadRequest('The id of a document is a text or a number.');
    check('The query', wrongQuery(params.query));
    if (!WRITES.includes(method)) return context;
    for (const item of Array.isArray(data) ? data : [data]) {
      if (item === null || typeof item !== 'object' || Array.isArray(item) || ArrayBuffer.isView(item)) {
        throw new BadRequest('A document is an object.');
      }
      check('The document', wrongIn(item));
      if (Object.hasOwn(item, '_id') && !isId(item._id)) throw new BadRequest('An _id is a text or a number.');
      if (holdsFiles(path)) check('The document', wrongFiles(item));
    }
    return context;
  };
}

module.exports = { checking, foldersIn, holdsFiles };
