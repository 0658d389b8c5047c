// Which names are plain: of services, documents, folders and files.
'use strict';

/** Bytes that a name may have: file systems take 255, and the database adds a few to a service's. */
const LONGEST = 200;
/** Bytes that the path of a request may have; three plain names, percent-encoded, fit well. */
const LONGEST_PATH = 4096;

// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[/\\\u0000-\u001f\u007f-\u009f\ud800-\udfff]/u;

/** What nearly all names are; they are the same however often they are decoded, and no path. */
const EVERYDAY = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$/;

/** What services are called: letters, digits and some signs, but none that means something in a route. */
const WORDS = /^[\p{L}\p{M}\p{N} _.,@~'&=%!-]+$/u;

/**
 * Decodes percent-escapes as the most lenient decoder would: those that are none stay as they are.
 * @param {string} text
 * @returns {string}
 */
function decodedAgain(text) {
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
}

/**
 * Whether a text is the name of one thing and no path, also for whoever decodes it once or twice more.
 * @param {unknown} name
 * @returns {name is string}
 */
function isPlain(name) {
  if (typeof name !== 'string') return false;
  if (EVERYDAY.test(name)) return true;
  return (
    name !== '' &&
    Buffer.byteLength(name) <= LONGEST &&
    [name, decodedAgain(name), decodedAgain(decodedAgain(name))].every((text) => !text.startsWith('.') && !FORBIDDEN.test(text))
  );
}

/**
 * Whether a text is `<folder>/<file>`, both plain: how documents name what was uploaded.
 * @param {unknown} text
 * @returns {boolean}
 */
function isStored(text) {
  if (typeof text !== 'string') return false;
  const parts = text.split('/');
  return parts.length === 2 && parts.every(isPlain);
}

/**
 * Which services may be called.
 *
 * A service's name is a file's in the database's folder, and a key of objects. The names of JavaScript's own
 * objects are none, nor is one that a file system without upper and lower case takes for another service.
 *
 * @param {boolean} users Whether there are users; where there are none, nobody writes beforehand who they will be.
 * @returns {(name: unknown) => boolean}
 */
function services(users) {
  const own = ['assets', 'tfjs-models', 'onnx-models', 'users', 'authentication', 'info', 'socket.io'];
  const missing = users ? [] : ['users', 'authentication'];
  return (name) => {
    if (!isPlain(name) || !WORDS.test(name) || name in Object.prototype) return false;
    const folded = name.normalize('NFKC').toLowerCase();
    return own.includes(folded) ? name === folded && !missing.includes(name) : true;
  };
}

/**
 * The plain names in the path of a request.
 * @param {string} target What the request asks for, as it came.
 * @returns {string[] | null} Its names, decoded; `null` where one is not plain.
 */
function namesIn(target) {
  const path = target.split('?', 1)[0];
  if (!path.startsWith('/') || path.length > LONGEST_PATH || path.includes('#')) return null;
  const parts = path.slice(1).split('/');
  if (parts[parts.length - 1] === '') parts.pop(); // the root, and a slash at the end
  const names = [];
  for (const part of parts) {
    let name;
    try {
      name = decodeURIComponent(part);
    } catch {
      return null;
    }
    if (!isPlain(name)) return null;
    names.push(name);
  }
  return names;
}

module.exports = { isPlain, isStored, services, namesIn };
