// Whose an upload is: no document of another user names it, because whoever removes the document removes the file.
'use strict';

const fs = require('fs/promises');
const path = require('path');
const { holdsFiles, foldersIn } = require('./documents');

/** Beside the uploaded files; names that begin with a dot are not plain, so that it can't be asked for or overwritten. */
const NOTE = '.owner';

/**
 * Notes who has uploaded.
 * @param {string} folder The upload's own.
 * @param {{_id: string} | undefined} user Nobody where nobody signs in.
 */
async function note(folder, user) {
  if (user) await fs.writeFile(path.join(folder, NOTE), String(user._id), { mode: 0o600 });
}

/**
 * A hook for those that write documents with files; uploads of earlier versions are anybody's who knows their names.
 * @param {(context: object) => Promise<object>} authenticate
 * @param {object} errors Feathers' error classes.
 * @returns {(context: object) => Promise<object>}
 */
function keeping(authenticate, { Forbidden }) {
  return async (given) => {
    const folders = given.params.provider && holdsFiles(given.path) ? foldersIn(given.data) : [];
    if (folders.length === 0) return given;
    const context = await authenticate(given);
    const kind = path.join(context.app.get('uploads'), context.path.replace(/-models$/, ''));
    for (const folder of folders) {
      const owner = await ownerOf(path.join(kind, folder));
      if (owner !== null && owner !== String(context.params.user._id)) {
        throw new Forbidden(`${folder} was uploaded by somebody else.`);
      }
    }
    return context;
  };
}

async function ownerOf(folder) {
  try {
    return await fs.readFile(path.join(folder, NOTE), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(error.code)) return null;
    throw error;
  }
}

module.exports = { keeping, note };
