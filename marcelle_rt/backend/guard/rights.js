// Whose a document is: of whoever is logged in and writes it, whatever it says.
'use strict';

const WRITES = ['create', 'update', 'patch'];
/** Says to the library that checks rights what a thing is; in a document it would contradict the truth. */
const KIND = '__caslSubjectType__';

/**
 * Looks for what nobody writes into a document.
 * @param {object} document
 * @returns {string | null} What is wrong, or `null`.
 */
function wrongIn(document) {
  for (const [key, value] of Object.entries(document)) {
    const parts = key.split('.');
    if (parts[0] === KIND) return `has the key '${KIND}', which is not allowed`;
    if (parts[0] === 'userId' && parts.length > 1) return "changes 'userId', which is whoever writes it";
    if (!key.startsWith('$') || value === null || typeof value !== 'object') continue;
    const wrong = Object.keys(value).find((inner) => ['userId', KIND].includes(inner.split('.')[0]));
    if (wrong) return `changes '${wrong}' by ${key.slice(0, 20)}, which is not allowed`;
  }
  return null;
}

/**
 * A hook that comes before the backend's own: those make single documents their writer's, and forget lists of them.
 * @param {(context: object) => Promise<object>} authenticate
 * @param {object} errors Feathers' error classes.
 * @returns {(context: object) => Promise<object>}
 */
function owning(authenticate, { Forbidden }) {
  return async (given) => {
    if (!given.params.provider || !WRITES.includes(given.method) || given.path === 'authentication') return given;
    for (const document of [given.data].flat()) {
      const wrong = wrongIn(document);
      if (wrong) throw new Forbidden(`The document ${wrong}.`);
    }
    if (!Array.isArray(given.data)) return given;
    const context = await authenticate(given);
    context.data = context.data.map((document) => ({ ...document, userId: context.params.user._id }));
    return context;
  };
}

module.exports = { owning };
