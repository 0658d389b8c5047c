// What sockets bring and take, beside the calls: not too much at once, and nothing is searched for in vain.
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

/** Bytes that one call may bring: a recording of a page comes so, as an attachment. A frame takes no more either. */
const MOST_BYTES = 1000000;
/** Where in a call the document is, which may hold bytes; a query may not. */
const DOCUMENT = { create: 2, update: 3, patch: 3 };

/**
 * How many bytes stand in a value; one attachment of a frame may stand in thousands of places.
 * @param {unknown} whole
 * @returns {number} No more than is needed to tell that it is too much.
 */
function bytesIn(whole) {
  let bytes = 0;
  if (typeof whole !== 'object') return 0;
  const open = [whole];
  while (open.length > 0 && bytes <= MOST_BYTES) {
    const value = open.pop();
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) bytes += value.byteLength + 1;
    else if (value !== null && typeof value === 'object') {
      for (const key of Object.keys(value)) open.push(value[key]);
    }
  }
  return bytes;
}

/**
 * A middleware of a socket: too many bytes are refused before anything copies what they stand in, byte for byte.
 * @param {unknown[]} event Its name, its values and, where an answer is wanted, a function.
 * @param {(error?: Error) => void} next
 */
function limitBytes(event, next) {
  const method = String(event[0]);
  const document = Object.hasOwn(DOCUMENT, method) ? DOCUMENT[method] : -1;
  const tooMuch = event.some((value, place) => bytesIn(value) > (place === document ? MOST_BYTES : 0));
  if (!tooMuch) {
    next();
    return;
  }
  const message = `A query has no bytes in it, and a document at most ${MOST_BYTES}; files are uploaded.`;
  const answer = event[event.length - 1];
  if (typeof answer === 'function') answer(body(400, message));
  else next(new Error(message));
}

/**
 * Makes Feathers send each changed document as it is.
 *
 * It would look for it among all that one call has changed, by comparing every value with every value: whoever removed
 * 4,000 runs at once kept the backend from answering anybody for eight seconds.
 *
 * @param {{ getDispatcher: Function }} sockets `@feathersjs/transport-commons/lib/socket/utils`.
 * @returns {object} The same.
 */
function sentAlone(sockets) {
  const { getDispatcher } = sockets;
  return Object.assign(sockets, {
    getDispatcher: (...line) => {
      const dispatch = getDispatcher(...line);
      return (event, channel, context, document) => {
        // Where others see something else than was changed (`dispatch`: a user without the password), that is looked for.
        const whole = context.dispatch || Array.isArray(document);
        dispatch(event, channel, whole ? context : { path: context.path, result: document }, document);
      };
    },
  });
}

module.exports = { limited, limitBytes, sentAlone };
