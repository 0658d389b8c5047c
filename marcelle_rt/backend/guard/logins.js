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
 */
class Logins {
  /** @param {string} secret What tokens are signed with: two backends of one host have cookies of different names. */
  constructor(secret) {
    const mark = crypto.createHash('sha256').update(`cookie ${secret}`).digest('hex').slice(0, 12);
    this.cookie = `marcelle-${mark}`;
    /** The open connections of each ticket. */
    this.connections = new Map();
    this.tickets = new WeakMap();
  }

  /**
   * Watches the sockets of an app.
   * @param {import('socket.io').Server} io
   */
  watch(io) {
    const cookieOf = (req) => `${this.cookie}=${this.ticketFor(req)}; Path=/; HttpOnly; SameSite=Strict`;
    io.engine.cookie = false; // the id of a socket is nobody else's business
    io.engine.ws.on('headers', (headers, req) => headers.push(`Set-Cookie: ${cookieOf(req)}`));
    io.on('connection', (socket) => {
      const ticket = this.tickets.get(socket.request);
      if (ticket === undefined) return; // it polls
      const open = this.connections.get(ticket) || new Set();
      this.connections.set(ticket, open.add(socket.feathers));
      socket.on('disconnect', () => {
        open.delete(socket.feathers);
        if (open.size === 0 && this.connections.get(ticket) === open) this.connections.delete(ticket);
      });
    });
  }

  /** The ticket that a browser has, if it is one of ours; else a new one. */
  ticketFor(req) {
    const ticket = this.ticketIn(req) || crypto.randomBytes(32).toString('hex');
    this.tickets.set(req, ticket);
    return ticket;
  }

  ticketIn(req) {
    const pairs = (req.headers.cookie || '').split(';').map((pair) => pair.trim().split('='));
    const found = pairs.find(([name, value]) => name === this.cookie && this.connections.has(value));
    return found && found[1];
  }

  /**
   * Gives a request for a file the token of its browser's login, where it has none.
   * @param {import('http').IncomingMessage} req
   * @param {string[]} names The names in its path.
   */
  introduce(req, names) {
    if (!['GET', 'HEAD'].includes(req.method) || names.length !== 3 || !holdsFiles(names[0])) return;
    if (req.headers.authorization !== undefined) return;
    const open = [...(this.connections.get(this.ticketIn(req)) || [])];
    const login = open.find((connection) => connection.authentication?.accessToken);
    if (login) req.headers.authorization = `Bearer ${login.authentication.accessToken}`;
  }
}

module.exports = { Logins };
