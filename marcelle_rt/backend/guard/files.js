// The files of uploads: read below the folder of uploads alone, whatever a document says.
'use strict';

const fs = require('fs');
const path = require('path');
const { refuse } = require('./answers');
const { isPlain } = require('./names');

/**
 * Where a file really is.
 * @param {string} uploads The folder of all uploads.
 * @param {string} file
 * @returns {string | null} Its path from there; `null` where it isn't there, or is elsewhere, or is not a file.
 */
function placeOf(uploads, file) {
  try {
    const root = fs.realpathSync(uploads);
    const place = path.relative(root, fs.realpathSync(file));
    const parts = place.split(path.sep);
    // A link inside may point elsewhere inside; <kind>/<folder>/<file> it must be.
    return parts.length === 3 && parts.every(isPlain) && fs.statSync(file).isFile() ? place : null;
  } catch {
    return null; // whatever the file system says of a path that somebody made up: there is no such file
  }
}

/**
 * Makes the app send files of uploads alone.
 * @param {object} app
 */
function keepInside(app) {
  const { sendFile } = app.response;
  app.response.sendFile = function sendUpload(file, ...rest) {
    const uploads = app.get('uploads');
    const place = placeOf(uploads, file);
    if (place === null) return refuse(this, 404, 'There is no such file.');
    return sendFile.call(this, place, { root: fs.realpathSync(uploads) }, ...rest);
  };
}

/**
 * Makes files wait for a login; the backend asks for one before models, and forgets it before assets.
 * @param {object} app
 * @param {import('express').RequestHandler} authenticate Lets requests of users pass.
 */
function closeAssets(app, authenticate) {
  const { sendFile } = app.response;
  app.response.sendFile = function sendToUser(...args) {
    const { req } = this;
    authenticate(req, this, (error) => (error ? req.next(error) : sendFile.apply(this, args)));
  };
}

module.exports = { closeAssets, keepInside };
