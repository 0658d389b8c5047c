// Who may come in: by the host that a request names, and by the origin of the page that sent it.
'use strict';

const net = require('net');
const os = require('os');
const { Refusal } = require('./answers');

/**
 * Whether a host is always this machine.
 * @param {string} host Without a port; an IPv6 address with or without its brackets.
 * @returns {boolean}
 */
function isLoopback(host) {
  const name = host.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    (net.isIPv4(name) && name.startsWith('127.'))
  );
}

/**
 * Splits a host and a port, as a `Host` header has them.
 * @param {string} header
 * @returns {string | null} The host in lower case, or `null` for what is not one.
 */
function hostOf(header) {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(header.toLowerCase());
  return match && match[1];
}

/**
 * The page that a request comes from, as a URL; `null` for what is not the address of a web page.
 * @param {string} origin
 * @returns {URL | null}
 */
function pageOf(origin) {
  try {
    const url = new URL(origin);
    return ['http:', 'https:'].includes(url.protocol) && url.origin === origin ? url : null;
  } catch {
    return null;
  }
}

/** Decides about requests. A web page can't choose its `Origin`, nor the `Host` of the name that it was loaded from. */
class Visitors {
  /**
   * @param {object} options
   * @param {string} options.address The address that the backend listens on.
   * @param {string} options.host What it was told to listen on, which may be a name.
   * @param {string[]} options.allowed Origins that may come in beside those of this machine.
   */
  constructor({ address, host, allowed }) {
    this.allowed = new Set(allowed);
    this.hosts = new Set([host.toLowerCase(), ...allowed.map(pageOf).flatMap((page) => (page ? [page.hostname] : []))]);
    this.outside = !isLoopback(address);
    this.machine = os.hostname().toLowerCase();
  }

  /**
   * Looks at a request before anything else does.
   * @param {import('http').IncomingMessage} req
   * @param {boolean} isLinked Whether it is for what other sites may link to: the page that is shown to people.
   * @returns {string | undefined} The origin to answer to, where a page is asking.
   * @throws {Refusal}
   */
  check(req, isLinked) {
    this.checkHost(req);
    const { origin } = req.headers;
    if (origin === undefined) {
      this.checkEmbedding(req, isLinked);
      return undefined;
    }
    if (!this.isAllowed(origin, req.headers.host)) throw this.refusal(origin);
    return origin;
  }

  /** Against DNS rebinding: a name that its owner can point anywhere is not one of ours. */
  checkHost(req) {
    const count = req.rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host').length;
    const host = count === 1 ? hostOf(req.headers.host) : null;
    if (host === null) throw new Refusal(400, 'A request needs one Host header.');
    if (isLoopback(host) || this.hosts.has(host) || (this.outside && this.isOurs(host))) return;
    throw new Refusal(
      403,
      `This backend does not go by the name ${host}. If it should, start it with --allow-origin http://${req.headers.host}`,
    );
  }

  /** Whether a host is an address, or a name that can't be bought: of this machine, or of its own network. */
  isOurs(host) {
    const name = host.replace(/\.$/, '');
    return (
      net.isIP(name.replace(/^\[|\]$/g, '')) !== 0 ||
      !name.includes('.') ||
      name.endsWith('.local') ||
      name === this.machine
    );
  }

  isAllowed(origin, host) {
    if (this.allowed.has(origin)) return true;
    const page = pageOf(origin);
    return page !== null && (isLoopback(page.hostname) || page.host === host.toLowerCase());
  }

  /**
   * Pages send no `Origin` for what they embed (images, scripts), but browsers tell whether it is from elsewhere.
   * Such a request is taken if its `Referer` is a page that may come in, or if somebody followed a link
   * to the dashboard: whatever else is opened, a service for example, is made by opening it.
   */
  checkEmbedding(req, isLinked) {
    const header = req.headers;
    if (header['sec-fetch-site'] !== 'cross-site') return;
    if (isLinked && header['sec-fetch-dest'] === 'document') return;
    let origin = 'null';
    try {
      origin = new URL(header.referer).origin;
    } catch {
      // It says nothing of where it is from: a page of no origin.
    }
    if (!this.isAllowed(origin, header.host)) throw this.refusal(origin);
  }

  refusal(origin) {
    if (origin === 'null') {
      return new Refusal(403, 'Pages without an origin (files, frames that are shut off) may not use this backend. Serve them: python -m http.server');
    }
    const shown = origin.length > 200 ? `${origin.slice(0, 200)}...` : origin;
    return new Refusal(
      403,
      `Pages of ${shown} may not use this backend. If they should, start it with --allow-origin ${shown}`,
    );
  }
}

module.exports = { Visitors, isLoopback };
