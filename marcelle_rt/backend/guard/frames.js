// What sockets send, before it is a call: JSON alone, and not too much at once.
'use strict';

const { body } = require('./answers');

/** Packets of one polled request, which are all handled before anything else is; a client sends what it has saved up. */
const MOST_PACKETS = 1000;

/**
 * Makes Engine.IO end a polling connection that sends too many packets at once.
 * @param {{ decodePayload: Function }} parser `engine.io-parser`.
 * @returns {object} The same.
 */
function limited(parser) {
  const { decodePayload } = parser;
  return Object.assign(parser, {
    decodePayload: (data, callback) => {
      let count = 0;
      return decodePayload(data, (packet, ...place) => {
        count += 1;
        if (count > MOST_PACKETS + 1) return false;
        return callback(count > MOST_PACKETS ? { type: 'close' } : packet, ...place);
      });
    },
  });
}

/** Whether there are bytes in values made of a frame; one of its attachments may stand in thousands of places. */
function holdsBytes(values) {
  const open = [...values];
  while (open.length > 0) {
    const value = open.pop();
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true;
    if (value !== null && typeof value === 'object') {
      for (const key of Object.keys(value)) open.push(value[key]);
    }
  }
  return false;
}

/**
 * A middleware of a socket: an attachment is refused before anything copies what it stands in, byte for byte.
 * @param {unknown[]} event Its name, its values and, where an answer is wanted, a function.
 * @param {(error?: Error) => void} next
 */
function refuseBytes(event, next) {
  if (!holdsBytes(event)) {
    next();
    return;
  }
  const message = 'Documents and queries are JSON, without bytes in them; files are uploaded.';
  const answer = event[event.length - 1];
  if (typeof answer === 'function') answer(body(400, message));
  else next(new Error(message));
}

module.exports = { limited, refuseBytes };
