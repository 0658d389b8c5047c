// The files of documents go after the documents that named them, and only if whoever asked for it might do that.
'use strict';

const fs = require('fs/promises');
const path = require('path');
const { holdsFiles } = require('./documents');
const { isStored } = require('./names');

/**
 * Removes files once the documents that named them no longer do.
 *
 * The backend's own removal comes before its services have refused, and for assets it asks nobody; it is to be put out
 * of action.
 *
 * @param {object} app
 */
function follow(app) {
  for (const [name, service] of Object.entries(app.services)) {
    if (!holdsFiles(name)) continue;
    const kind = path.join(app.get('uploads'), name.replace(/-models$/, ''));
    /** What is about to change, by the call that changes it. */
    const before = new WeakMap();
    const remember = async (context) => {
      before.set(context.params, await affected(service, context));
      return context;
    };
    const clear = async (context) => {
      const old = before.get(context.params);
      const ids = old.map((document) => document._id);
      const kept = await service._find({ query: { _id: { $in: ids } }, paginate: false });
      const replaced = kept.map((document) => ({ files: document.replaced, url: null }));
      const named = new Set([...kept, ...replaced].flatMap(foldersOf));
      for (const folder of new Set(old.flatMap(foldersOf))) {
        if (!named.has(folder)) await removeFolder(path.join(kind, folder));
      }
      return context;
    };
    // Hooks that come later are called later: after the backend's own, which put into the query what is allowed.
    service.hooks({
      before: { update: [remember], patch: [remember], remove: [remember] },
      after: { update: [clear], patch: [clear], remove: [clear] },
    });
  }
}

/** The documents that a call will change, by the query that the call itself uses. */
async function affected(service, { id, params }) {
  const { query } = service.filterQuery(params);
  return id === null ? service._find({ query, paginate: false }) : [await service._get(id, { query })];
}

/**
 * The folders of uploads that a stored document names as its own. What it lists as `replaced` stays for pages that
 * still read it, but goes with nothing: anybody may write anything there.
 */
function foldersOf({ files, url }) {
  const pairs = Array.isArray(files) ? files.filter(Array.isArray) : []; // earlier versions stored anything
  return [...pairs.map((pair) => pair[1]), url].filter(isStored).map((text) => text.split('/')[0]);
}

/** Removes a folder, and nothing that a link leads to. */
async function removeFolder(folder) {
  const stat = await fs.lstat(folder).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (stat && stat.isDirectory()) await fs.rm(folder, { recursive: true });
}

module.exports = { follow };
