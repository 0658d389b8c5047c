// What users may do with accounts from outside: sign up, and change their own name and password. Never a role.
'use strict';

/** Fields that say what somebody may do, or whose an account is; nobody writes them from outside. */
const RIGHTS = ['role', 'permissions', 'public', 'userId', '_id'];
/** Pages send the time of their own clock with each write; the backend has one of its own. */
const CREATED = 'createdAt';
const CREDENTIALS = ['strategy', 'email', 'password', 'accessToken'];

/**
 * Looks at what is written to an account.
 * @param {object} fields
 * @param {boolean} fresh Whether it is made.
 * @returns {string | null} What is wrong, or `null`.
 */
function wrongAccount(fields, fresh) {
  for (const [key, value] of Object.entries(fields)) {
    if (RIGHTS.includes(key)) return `'${key}' can't be chosen`;
    if (key.startsWith('$') || key.includes('.')) return 'an account has plain fields';
    if (value !== null && typeof value === 'object') return 'the fields of an account are texts and numbers';
  }
  for (const key of ['email', 'password']) {
    const given = Object.hasOwn(fields, key);
    if ((fresh || given) && !(typeof fields[key] === 'string' && fields[key] !== '')) return `'${key}' is a text`;
  }
  return null;
}

/** Whether a query asks about passwords: their hashes could be guessed by comparing, piece by piece. */
function asksForPasswords(query) {
  if (query === null || typeof query !== 'object') return false;
  return Object.entries(query).some(([key, value]) => key.split('.')[0] === 'password' || asksForPasswords(value));
}

/**
 * Hooks for the services `users` and `authentication`.
 * @param {object} errors Feathers' error classes.
 * @returns {{users: object, authentication: object}} Each by Feathers' method.
 */
function hooks({ BadRequest, Forbidden, MethodNotAllowed }) {
  const fromOutside = (look) => (context) => {
    if (context.params.provider) look(context);
    return context;
  };
  const written = (fresh) =>
    fromOutside((context) => {
      const { data, id } = context;
      if (Array.isArray(data) || (!fresh && id === null)) throw new BadRequest('One account at a time.');
      const fields = Object.fromEntries(Object.entries(data).filter(([key]) => key !== CREATED));
      const wrong = wrongAccount(fields, fresh);
      if (wrong) throw new Forbidden(`That account can't be written: ${wrong}.`);
      context.data = fields;
    });
  return {
    users: {
      all: [
        fromOutside(({ params }) => {
          if (asksForPasswords(params.query)) throw new Forbidden('Passwords can not be asked for.');
        }),
      ],
      create: [written(true)],
      patch: [written(false)],
      update: [
        fromOutside(() => {
          throw new MethodNotAllowed('An account is patched, not replaced.');
        }),
      ],
    },
    authentication: {
      create: [
        fromOutside(({ data }) => {
          const wrong = CREDENTIALS.find((key) => Object.hasOwn(data, key) && typeof data[key] !== 'string');
          if (wrong) throw new BadRequest(`'${wrong}' is a text.`);
        }),
      ],
    },
  };
}

module.exports = { hooks };
