// What somebody who has not logged in finds out: neither what is kept here nor who has an account.
'use strict';

const crypto = require('crypto');

/**
 * Keeps the names of services from strangers, before the backend is loaded: each socket is told them as it opens.
 * @param {(name: string, make: (original: any) => any) => void} replace Puts another module in a module's place.
 * @returns {(app: object) => Promise<string[]>} Gives the names.
 */
function hideServices(replace) {
  let all = null;
  replace('./utils/registered-services', (original) => {
    all = original.getRegisteredServices;
    const getRegisteredServices = async (app) => (app.get('authentication').enabled ? [] : all(app));
    return Object.assign(original, { getRegisteredServices });
  });
  return all;
}

/**
 * Tells users the names of services when they ask, and everybody whether a new account can be made.
 * @param {object} app
 * @param {(context: object) => Promise<object>} authenticate
 * @param {(app: object) => Promise<string[]>} registered Gives the names.
 */
function tellUsers(app, authenticate, registered) {
  const tell = async (given) => {
    if (given.params.provider && !given.params.authentication) return given; // a stranger gets an empty list
    const context = await authenticate(given);
    context.result = { services: await registered(app) };
    return context;
  };
  const signup = (context) => {
    const { enabled, allowSignup } = app.get('authentication');
    if (enabled) context.result = { ...context.result, signup: Boolean(allowSignup) };
    return context;
  };
  app.service('info').hooks({ before: { find: [tell] }, after: { find: [signup] } });
}

const DIGITS = 53; // of a bcrypt hash: the salt's 22 and 31 of what it is a hash of

/**
 * Lets a login with an unknown address take as long as one with a wrong password: that of nobody is compared.
 *
 * Nothing is hashed for that, which would take a sixth of a start: digits in the shape of a hash take as long to compare.
 * @param {object} strategy The backend's own, for passwords.
 * @param {object} errors Feathers' error classes.
 */
function compareAlways(strategy, { NotAuthenticated }) {
  const { findEntity } = strategy;
  const cost = String(strategy.configuration.hashSize).padStart(2, '0');
  const hash = `$2b$${cost}$${crypto.randomBytes(DIGITS).toString('hex').slice(0, DIGITS)}`;
  strategy.findEntity = async function findSomebody(...args) {
    try {
      return await findEntity.apply(this, args);
    } catch (error) {
      if (!(error instanceof NotAuthenticated)) throw error;
      return { [this.configuration.entityPasswordField]: hash };
    }
  };
}

module.exports = { compareAlways, hideServices, tellUsers };
