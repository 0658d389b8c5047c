// Lets a page that has logged in show files: images have no place for a token.
'use strict';

const crypto = require('crypto');
const { holdsFiles } = require('./documents');

/**
 * The browsers whose pages are logged in.
 *
 * Stock pages log in on their WebSocket, and then show `<img src=".../assets/<id>/<file>">`, which carries no token. So
 * each browser gets a ticket with its socket, as a cookie that no script reads and that no page of another site sends;
 * it reads files, and does nothing else, as whoever is logged in on a socket of that browser, while he is.
 *
 * Each socket brings a new ticket, which takes the place of the one that the browser showed: whoever else knows that
 * one, for example because he put it there, has nothing of a login that comes after.
 */
class Logins {
  /** @param {string} secret What tokens are signed with: two backends of one host have cookies of different names. */
  constructor(secret) {
    const mark = crypto.createHash('sha256').update(`cookie ${secret}`).digest('hex').slice(0, 12);
    this.cookie = `marcelle-${mark}`;
    /** Browsers by their tickets; of each, the connections that are open, the latest last. */
    this.browsers = new Map();
    this.tickets = new WeakMap();
  }

  /**
   * Watches the sockets of an app.
   * @param {import('socket.io').Server} io
   */
  watch(io) {
    io.engine.cookie = false; // the id of a socket is nobody else's business
    io.engine.ws.on('headers', (headers, req) => {
      const ticket = crypto.randomBytes(32).toString('hex');
      this.tickets.set(req, ticket);
      const more = isSecure(req) ? '; Secure' : '';
      headers.push(`Set-Cookie: ${this.nameFor(req)}=${ticket}; Path=/; HttpOnly; SameSite=Strict${more}`);
    });
    io.on('connection', (socket) => {
      const ticket = this.tickets.get(socket.request);
      if (ticket === undefined) return; // it polls
      const browser = this.browserOf(socket.request) || { ticket, open: new Set() };
      this.browsers.delete(browser.ticket);
      browser.ticket = ticket;
      this.browsers.set(ticket, browser);
      browser.open.add(socket.feathers);
      socket.on('disconnect', () => {
        browser.open.delete(socket.feathers);
        if (browser.open.size === 0) this.browsers.delete(browser.ticket);
      });
    });
  }

  /** What the cookie is called: behind TLS, so that no page of a neighboring name or of plain HTTP can set it. */
  nameFor(req) {
    return isSecure(req) ? `__Host-${this.cookie}` : this.cookie;
  }

  browserOf(req) {
    const name = this.nameFor(req);
    const pairs = (req.headers.cookie || '').split(';').map((pair) => pair.trim().split('='));
    const found = pairs.find(([key, value]) => key === name && this.browsers.has(value));
    return found && this.browsers.get(found[1]);
  }

  /**
   * Gives a request for a file the token of its browser's login, where it has none.
   * @param {import('http').IncomingMessage} req
   * @param {string[]} names The names in its path.
   */
  introduce(req, names) {
    if (!['GET', 'HEAD'].includes(req.method) || names.length !== 3 || !holdsFiles(names[0])) return;
    if (req.headers.authorization !== undefined) return;
    const open = [...(this.browserOf(req)?.open || [])].reverse();
    const login = open.find((connection) => connection.authentication?.accessToken);
    if (login) req.headers.authorization = `Bearer ${login.authentication.accessToken}`;
  }
}

/** Whether a server with TLS stands in front. Whoever claims it wrongly gets a cookie that serves him less. */
function isSecure(req) {
  return /^https\b/i.test(req.headers['x-forwarded-proto'] || '');
}

module.exports = { Logins };
