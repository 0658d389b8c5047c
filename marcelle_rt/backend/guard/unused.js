// What the backend loads at each start and never uses here, which would be a quarter of the time that a start takes.
'use strict';

const Module = require('module');

/** What stands in the place of a module, by its name. */
const INSTEAD = {
  // The database is files. The backend's classes for MongoDB inherit from `Service`, and none is ever made.
  mongodb: {},
  'feathers-mongodb': { Service: class {} },
  'multer-gridfs-storage': {},
  // Eighty modules that do what Node does by itself.
  'typedarray.prototype.slice': (array, ...range) => array.slice(...range),
};

/**
 * Keeps it from being loaded, before the backend is.
 * @param {NodeRequire} require Finds modules as `@marcellejs/backend` does.
 */
function leaveOut(require) {
  for (const [name, exports] of Object.entries(INSTEAD)) {
    const filename = require.resolve(name);
    require.cache[filename] = Object.assign(new Module(filename), { filename, exports, loaded: true });
  }
}

module.exports = { leaveOut };
