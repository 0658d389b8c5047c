// The page that whoever opens the backend's address in a browser sees: files that are known beforehand, and no others.
'use strict';

const fs = require('fs');
const path = require('path');

const PLACE = '/dashboard/';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** Answers requests for the page. */
class Page {
  /** @param {Record<string, string>} files Paths by the names under which they are served; none: there is no page. */
  constructor(files) {
    this.files = new Map(Object.entries(files));
  }

  /**
   * Whether a request is for the page, and not for a service.
   * @param {import('http').IncomingMessage} req
   * @returns {boolean}
   */
  isFor(req) {
    const place = placeOf(req);
    const isIts = place === '/' || place === PLACE.slice(0, -1) || place.startsWith(PLACE);
    return this.files.size > 0 && ['GET', 'HEAD'].includes(req.method) && isIts;
  }

  /**
   * @param {import('http').IncomingMessage} req
   * @param {import('http').ServerResponse} res
   */
  answer(req, res) {
    const place = placeOf(req);
    if (!place.startsWith(PLACE)) {
      res.writeHead(302, { Location: PLACE, 'Content-Length': '0' }).end();
      return;
    }
    const name = place.slice(PLACE.length) || 'index.html';
    const file = this.files.get(name);
    if (file === undefined) {
      res.writeHead(404, { 'Content-Length': '0' }).end();
      return;
    }
    fs.stat(file, (error, stat) => {
      if (error) {
        console.error('A file of the page is not there:', error);
        res.writeHead(500, { 'Content-Length': '0' }).end();
        return;
      }
      send(req, res, { name, file, stat });
    });
  }
}

/**
 * @param {import('http').IncomingMessage} req
 * @param {import('http').ServerResponse} res
 * @param {{ name: string, file: string, stat: import('fs').Stats }} found
 */
function send(req, res, { name, file, stat }) {
  const etag = `"${stat.size.toString(36)}-${stat.mtimeMs.toString(36)}"`;
  const headers = { ETag: etag, 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' };
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, headers).end();
    return;
  }
  res.writeHead(200, { ...headers, 'Content-Type': TYPES[path.extname(name)] || 'application/octet-stream', 'Content-Length': stat.size });
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  fs.createReadStream(file)
    .on('error', () => res.destroy())
    .pipe(res);
}

/**
 * @param {import('http').IncomingMessage} req
 * @returns {string}
 */
const placeOf = (req) => req.url.split('?')[0];

module.exports = { Page };
