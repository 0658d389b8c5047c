// Uploads: the names and the number of their parts, checked before anything is written.
'use strict';

const fs = require('fs');
const path = require('path');
const { Refusal } = require('./answers');
const { isPlain } = require('./names');
const { note } = require('./owners');

/** What one upload may have. Files may be of any size, and a large model has hundreds. */
const LIMITS = { files: 2000, fields: 100, parts: 2100, fieldNameSize: 200, fieldSize: 100000, headerPairs: 50 };

/**
 * Makes multer check what it is sent, whatever its version.
 * @param {Function} multer The module.
 * @returns {Function} A module that takes its place.
 */
function checked(multer) {
  const guarded = (options) => {
    const accepted = options.fileFilter;
    const fileFilter = (req, file, done) => {
      if (!isPlain(file.fieldname)) {
        done(new Refusal(400, 'The name of a field is not the plain name of a file.'));
      } else if (!isPlain(file.originalname) || file.originalname in Object.prototype) {
        done(new Refusal(400, 'The name of a file is not a plain name.'));
      } else {
        accepted(req, file, done);
      }
    };
    const upload = multer({ ...options, fileFilter, limits: LIMITS, defParamCharset: 'utf8' });
    return { any: () => onlyForms(upload.any(), options.storage) };
  };
  return Object.assign(guarded, multer);
}

/** Turns what the parser says of a malformed form into a refusal, and leaves nothing of an upload that failed. */
function onlyForms(middleware, storage) {
  return (req, res, next) => {
    res.on('close', () => {
      const done = res.writableFinished && res.statusCode < 400 && req.files?.length > 0;
      if (!done) storage.getDestination(req, null, (_, folder) => forget(path.join(folder, req.id)));
    });
    if (!/^multipart\/form-data\s*;/i.test(req.headers['content-type'] || '')) {
      next(new Refusal(415, 'An upload is a form: multipart/form-data.'));
      return;
    }
    middleware(req, res, (error) => {
      const malformed = error && !(error instanceof Refusal) && !error.syscall;
      if (malformed) next(new Refusal(400, `The form can't be read: ${error.message}`));
      else if (error) next(error);
      else if (req.files === undefined) next(new Refusal(400, 'The form is missing: the request has no body.'));
      else storage.getDestination(req, null, (_, kind) => note(path.join(kind, req.id), req.user).then(() => next(), next));
    });
  };
}

function forget(folder) {
  fs.rm(folder, { recursive: true, force: true }, (error) => {
    if (error) console.error('What is left of an upload could not be removed:', error);
  });
}

module.exports = { checked };
