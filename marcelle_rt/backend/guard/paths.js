// Where the dotted keys of a write lead: the database follows them into whatever is there, and checks nothing.
'use strict';

/**
 * How far past the end of a list a place may be: what lies between is filled, so that one number costs so many nulls.
 * Trainings write to the end itself; a run may have any number of epochs.
 */
const GAP = 100;

/**
 * Makes the database look where the keys of an update lead, in the document that it has, before it follows them.
 * @param {{ modify: (document: object, update: object) => object }} model NeDB's own module.
 * @returns {object} The same.
 */
function checked(model) {
  const { modify } = model;
  return Object.assign(model, {
    modify: (document, update) => {
      checkUpdate(document, update);
      return modify(document, update);
    },
  });
}

/**
 * @param {object} document
 * @param {object} update Operators with their fields; fields without an operator replace the document as they are.
 * @throws {Error} For a key that leads elsewhere than into the document's objects and near the ends of its lists.
 */
function checkUpdate(document, update) {
  const operators = Object.keys(update).filter((key) => key.startsWith('$'));
  const keys = new Set(operators.flatMap((operator) => Object.keys(update[operator] ?? {})));
  const lengths = new Map();
  for (const key of keys) {
    if (key.includes('.')) follow(document, key, { keys, lengths });
  }
}

/**
 * @param {object} document
 * @param {string} key
 * @param {object} update
 * @param {Set<string>} update.keys All keys of the update. What one of them makes, another may not lead into.
 * @param {Map<unknown[], number>} update.lengths How long the lists are by what the keys before this one add.
 */
function follow(document, key, { keys, lengths }) {
  const shown = JSON.stringify(key.slice(0, 100));
  const parts = key.split('.');
  let at = document;
  let path = '';
  for (const part of parts) {
    if (path !== '' && keys.has(path)) throw new Error(`The update changes ${shown}, and what it is a part of.`);
    if (Array.isArray(at)) {
      const length = lengths.get(at) ?? at.length;
      const place = /^(0|[1-9]\d{0,9})$/.test(part) ? Number(part) : Infinity;
      if (place > length + GAP) throw new Error(`${shown} is not a place in a list of ${length}.`);
      lengths.set(at, Math.max(length, place + 1));
    } else if (at === null || typeof at !== 'object') {
      throw new Error(`${shown} leads into what is neither an object nor a list.`);
    } else if (part in at && !Object.hasOwn(at, part)) {
      throw new Error(`${shown} leads into the program.`); // such as toString.call, which all code uses
    }
    at = Object.hasOwn(at, part) ? at[part] : {}; // the database makes an object, too
    path = path === '' ? part : `${path}.${part}`;
  }
}

module.exports = { checked };
