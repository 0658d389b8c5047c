// What the guard says when it refuses: JSON of the form that Feathers' errors have.
'use strict';

const { STATUS_CODES } = require('http');

/** A refusal with its HTTP status and a sentence for whoever sent the request. */
class Refusal extends Error {
  /**
   * @param {number} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * The body of an error.
 * @param {number} code
 * @param {string} message
 * @returns {object}
 */
function body(code, message) {
  const words = (STATUS_CODES[code] || 'Error').replace(/[^A-Za-z ]/g, '');
  return {
    name: words.replace(/ /g, ''),
    message,
    code,
    className: words.toLowerCase().replace(/ /g, '-'),
    errors: {},
  };
}

/** Milliseconds in which somebody who is still sending is to notice the answer. */
const LINGER = 5000;

/**
 * Answers a request with an error. Its body, if there is more of it, is read and thrown away for a while: a connection
 * that is cut while somebody sends takes the answer along.
 * @param {import('http').ServerResponse} res
 * @param {number} code
 * @param {string} message
 */
function refuse(res, code, message) {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const text = JSON.stringify(body(code, message));
  const { req } = res;
  if (!req.complete) {
    const timer = setTimeout(() => req.destroy(), LINGER);
    req.on('close', () => clearTimeout(timer));
  }
  res.writeHead(code, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'X-Content-Type-Options': 'nosniff',
  });
  res.end(text);
}

/**
 * Answers on a bare connection: where there is no request yet, or one that wanted a WebSocket.
 * @param {import('stream').Duplex} socket
 * @param {number} code
 * @param {string} message
 */
function refuseSocket(socket, code, message) {
  socket.on('error', () => socket.destroy()); // it may be gone already
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const text = JSON.stringify(body(code, message));
  const head = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
}

module.exports = { Refusal, body, refuse, refuseSocket };
