// Puts a guard in front of and inside a Marcelle backend, which by itself lets anybody read, write and stop anything.
'use strict';

const crypto = require('crypto');
const accounts = require('./accounts');
const documents = require('./documents');
const { makeDoor } = require('./door');
const failures = require('./failures');
const files = require('./files');
const frames = require('./frames');
const { Logins } = require('./logins');
const multipart = require('./multipart');
const names = require('./names');
const owners = require('./owners');
const { Page } = require('./page');
const paths = require('./paths');
const removals = require('./removals');
const rights = require('./rights');
const strangers = require('./strangers');
const unused = require('./unused');
const { Visitors } = require('./visitors');

/**
 * Loads the backend, with the guard built in.
 *
 * Some of what it does is decided while it loads, so parts of it are replaced before: how uploads are parsed, how
 * documents are changed and told of, when files are removed, and who may read answers, which the door decides.
 *
 * @param {NodeRequire} require Finds modules as `@marcellejs/backend` does.
 * @returns {object} The app.
 */
function load(require) {
  unused.leaveOut(require);
  const replace = (name, make) => {
    const original = require(name);
    require.cache[require.resolve(name)].exports = make(original);
  };
  replace('multer', multipart.checked);
  replace('nedb/lib/model', paths.checked);
  replace('engine.io-parser', frames.limited);
  replace('@feathersjs/transport-commons/lib/socket/utils', frames.sentAlone);
  replace('cors', () => () => (req, res, next) => next());
  // Who knows the address of a file may read it once he has logged in, so that it must not be guessed.
  replace('./utils/objectid', (ids) => Object.assign(ids, { default: () => crypto.randomBytes(12).toString('hex') }));
  replace('./utils/rmdir', (rmdir) => Object.assign(rmdir, { default: () => {} })); // files go later
  const registered = strangers.hideServices(replace);
  const app = require(require.resolve('./app')).default;

  const errors = require('@feathersjs/errors');
  const check = documents.checking(errors);
  const read = failures.reading(errors);
  app.hooks({
    before: { all: [(context) => read(check(context))] }, // one hook, because each takes its time at every call
    error: { all: [failures.naming(errors)] },
  });
  files.keepInside(app);
  removals.follow(app);
  if (app.get('authentication').enabled) askForLogins(app, require, errors, registered);
  const layers = app._router.stack;
  layers.splice(layers.findIndex((layer) => layer.handle.length === 4)); // the backend's own, which answers with pages
  app.use(failures.answering);
  return app;
}

/** Makes the backend's own sign-in hold: nobody gives himself rights, and nothing is made for strangers. */
function askForLogins(app, require, errors, registered) {
  const { authenticate } = require('@feathersjs/authentication').hooks;
  for (const [name, before] of Object.entries(accounts.hooks(errors))) {
    // Before the backend's own hooks, which hash and add.
    app.hooks({ before: onlyFor(before, (context) => context.path === name) });
  }
  app.hooks({ before: { all: [rights.owning(authenticate('jwt'), errors), owners.keeping(authenticate('jwt'), errors)] } });
  files.closeAssets(app, require('@feathersjs/express').authenticate('jwt'));
  app.service(':serviceName').hooks({ before: { all: [authenticate('jwt')] } });
  strangers.tellUsers(app, authenticate('jwt'), registered);
  strangers.compareAlways(app.service('authentication').getStrategies('local')[0], errors);
}

/** Hooks that are called for some contexts alone. */
function onlyFor(hooks, wanted) {
  const only = (hook) => (context) => (wanted(context) ? hook(context) : context);
  return Object.fromEntries(Object.entries(hooks).map(([method, list]) => [method, list.map(only)]));
}

/**
 * Waits until the databases are read; where one can't be, the error ends the process, before anybody is let in.
 * @param {object} app
 */
async function untilRead(app) {
  const services = Object.values(app.services).filter((service) => service.Model || service.options?.Model);
  await Promise.all(services.map((service) => service.find({ query: { $limit: 0 } })));
}

/**
 * Makes the server of a guarded backend.
 * @param {NodeRequire} require Finds modules as `@marcellejs/backend` does.
 * @param {object} settings
 * @param {string} settings.host What it will listen on.
 * @param {string[]} settings.allowOrigins Origins of pages, beside those of this machine, that may come in.
 * @param {Record<string, string>} settings.page The files of the page that browsers are shown, by their names.
 * @returns {Promise<{app: object, server: import('http').Server}>} The server is to be told where to listen.
 */
async function guarded(require, { host, allowOrigins, page }) {
  const app = load(require);
  const isService = names.services(app.get('authentication').enabled);
  await untilRead(app);
  const { lookup } = app;
  app.lookup = (service) => (isService(service) ? lookup.call(app, service) : null);

  let visitors = null;
  const { enabled, secret } = app.get('authentication');
  const logins = enabled ? new Logins(secret) : null;
  const door = makeDoor({ app, visitors: () => visitors, isService, logins, page: new Page(page) });
  door.on('listening', () => {
    const { address } = /** @type {import('net').AddressInfo} */ (door.address());
    visitors = new Visitors({ address, host, allowed: allowOrigins });
    failures.surviveErrors();
  });
  return { app, server: door };
}

module.exports = { guarded };
