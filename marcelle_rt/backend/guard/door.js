// The server that the port belongs to: it hands on to the app what may come in.
'use strict';

const http = require('http');
const querystring = require('querystring');
const { Refusal, refuse, refuseSocket } = require('./answers');
const { limitBytes } = require('./frames');
const { namesIn } = require('./names');

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const SOCKETS = '/socket.io/';
const UPLOAD = /^\/[a-z-]+\/upload\/?(\?|$)/i;
/** An upload may take hours, so it has no time limit as a whole; but whoever says nothing must leave. */
const TIMES = { headersTimeout: 10000, requestTimeout: 0, connectionsCheckingInterval: 5000 };
const SILENCE = 120000;
const MOST_CONNECTIONS = 10000;
/** Bytes of a body that is not an upload; the app itself takes a tenth of it, and waits for the end of the rest. */
const LARGEST_BODY = 1000000;
const LONGEST_AUTHORIZATION = 8192;

/**
 * Makes the server.
 * @param {object} options
 * @param {object} options.app The app behind it.
 * @param {() => import('./visitors').Visitors} options.visitors Decides who may come in; known once it listens.
 * @param {(name: unknown) => boolean} options.isService Whether a service may be called.
 * @param {import('./logins').Logins | null} options.logins Who has logged in; `null` where nobody has to.
 * @param {import('./page').Page} options.page What browsers are shown.
 * @returns {import('http').Server}
 */
function makeDoor({ app, visitors, isService, logins, page }) {
  const inside = http.createServer(app); // never listens: it gets what the door lets in
  app.setup(inside);
  app.io.on('connection', (socket) => socket.use(limitBytes));
  if (logins) logins.watch(app.io);

  const check = (req) => {
    const origin = visitors().check(req, page.isFor(req));
    if (!METHODS.includes(req.method)) throw new Refusal(405, 'That method is not known here.');
    const names = namesIn(req.url);
    if (names === null) throw new Refusal(400, 'The path is not made of plain names.');
    if (names.length > 0 && !isService(names[0]) && !page.isFor(req)) {
      if (!req.url.startsWith(SOCKETS)) throw new Refusal(404, 'There is no such service.');
    }
    if (req.url.startsWith(SOCKETS)) readSocketQuery(req);
    if (logins) {
      checkAuthorization(req.headers.authorization);
      if (names.length > 0) logins.introduce(req, names);
    }
    return origin;
  };

  const door = http.createServer(TIMES, (req, res) => {
    try {
      const origin = check(req);
      if (origin !== undefined) allowReading(req, res, origin);
      if (req.method === 'OPTIONS') {
        answerPreflight(req, res, origin);
        return;
      }
    } catch (error) {
      refuseOr(error, (code, message) => refuse(res, code, message));
      return;
    }
    if (page.isFor(req)) {
      page.answer(req, res);
      return;
    }
    if (!(req.url.startsWith(SOCKETS) || UPLOAD.test(req.url))) limitBody(req, res);
    inside.emit('request', req, res);
  });
  door.on('upgrade', (req, socket, head) => {
    try {
      check(req);
      if (!req.url.startsWith(SOCKETS)) throw new Refusal(400, 'WebSockets are spoken at /socket.io/ alone.');
    } catch (error) {
      refuseOr(error, (code, message) => refuseSocket(socket, code, message));
      return;
    }
    socket.on('error', () => socket.destroy()); // a line that breaks is not an error of ours
    inside.emit('upgrade', req, socket, head);
  });
  door.on('connect', (req, socket) => refuseSocket(socket, 405, 'That method is not known here.'));
  door.on('clientError', (/** @type {NodeJS.ErrnoException} */ error, socket) => {
    const code = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code] || 400;
    refuseSocket(socket, code, code === 408 ? 'The request took too long.' : 'That is not a valid HTTP request.');
  });
  door.timeout = SILENCE;
  door.maxConnections = MOST_CONNECTIONS;
  return door;
}

/** Ends a request whose body does not end. The app reads it too: whoever asks for its data first does so in this turn. */
function limitBody(req, res) {
  if (['GET', 'HEAD'].includes(req.method)) return;
  let size = 0;
  req.on('data', (piece) => {
    size += piece.length;
    if (size > LARGEST_BODY && !res.headersSent) refuse(res, 413, 'The body of the request is too large.');
  });
}

/**
 * Reads the query of a request to Socket.IO, which takes what is read here and does not read it again: however the
 * letters of a key are escaped, the door and Socket.IO see the same key.
 * @param {import('http').IncomingMessage & { _query?: import('querystring').ParsedUrlQuery }} req
 * @throws {Refusal}
 */
function readSocketQuery(req) {
  const url = /** @type {string} */ (req.url);
  const start = url.indexOf('?');
  req._query = querystring.parse(start < 0 ? '' : url.slice(start + 1));
  // A script of a foreign page could load polling in this form, without an Origin.
  if ('j' in req._query) throw new Refusal(400, 'JSONP is not spoken here.');
}

/** The app looks for two words anywhere in it, and one long word would take it a second. */
function checkAuthorization(header) {
  if (header === undefined) return;
  if (header.length > LONGEST_AUTHORIZATION || !/^\S+ +\S/.test(header)) {
    throw new Refusal(400, 'The Authorization header is not one: "Bearer", a blank, and a token.');
  }
}

/** CORS for a page that may come in: it, and no other, may read the answer. */
function allowReading(req, res, origin) {
  res.setHeader('Access-Control-Allow-Origin', origin);
  res.setHeader('Vary', 'Origin');
  if (req.url.startsWith(SOCKETS)) res.setHeader('Access-Control-Allow-Credentials', 'true');
}

function answerPreflight(req, res, origin) {
  if (origin !== undefined) {
    res.setHeader('Access-Control-Allow-Methods', METHODS.join(', '));
    const wanted = req.headers['access-control-request-headers'];
    if (wanted !== undefined) res.setHeader('Access-Control-Allow-Headers', wanted);
    res.setHeader('Access-Control-Max-Age', '600');
  }
  res.writeHead(204, { 'Content-Length': '0' }).end();
}

function refuseOr(error, say) {
  if (error instanceof Refusal) {
    say(error.code, error.message);
  } else {
    console.error('The guard failed:', error);
    say(500, 'The backend could not do that; its log says why.');
  }
}

module.exports = { makeDoor };
