// Documents through which a page and Python speak to each other.
import { EVENTS, idOf, linkOf, seconds, tidy } from './line.js';

const PATIENCE = 30; // seconds for a command until somebody has taken it; a busy training takes its time
const LONGEST = 60; // seconds for a prediction
const LARGEST = 900_000; // characters; a backend closes the line at a message of a million bytes

/** A version 4 UUID; `crypto.randomUUID` is not there on pages that another machine serves without https. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A job that waits for a server. */
export const newJob = (fields) => ({
  ...{ _id: uuid(), ...fields, state: 'queued', submitted: 'page', worker: null, attempt: 0, beat: 0 },
  ...{ progress: { fraction: null, text: '' }, runId: null, modelId: null, message: '', traceback: '' },
});

/** Ends a job that nobody has begun, or whose Python is gone. */
export async function giveUp(store, { id, state, worker, beat }) {
  const me = `page:${uuid()}`;
  const as = state === 'queued' ? { state } : { worker, beat }; // so nothing happens where it is in work again
  const message = state === 'queued' ? 'Stopped before it began.' : 'Stopped in this page; its Python was gone.';
  const query = { $or: [as, { worker: me }] }; // it must match afterwards, too: else no event goes out
  await store.service('training-jobs').patch(id, { state: 'cancelled', worker: me, message }, { query });
  return message;
}

/** Follows one document: its changes, its removal, and what was missed while the line was down. */
export function follow(store, name, id, take, gone) {
  const service = store.service(name);
  let last = '';
  const changed = (document) => {
    if (idOf(document) !== id || document.updatedAt < last) return; // an answer may be older than an event
    last = document.updatedAt ?? '';
    take(tidy(document));
  };
  const removed = (document) => idOf(document) === id && gone();
  const read = () => service.get(id).then(changed, (error) => error.code === 404 && gone());
  let first = true; // who begins to follow asks by itself, if there is something to ask for
  for (const event of EVENTS) service.on(event, changed);
  service.on('removed', removed);
  const leave = linkOf(store).whenUp(() => first || read());
  first = false;
  const stop = () => {
    for (const event of EVENTS) service.off(event, changed);
    service.off('removed', removed);
    leave();
  };
  return { read, stop };
}

/** Creates a document, waits until `judge` has an answer, and removes it again. */
export function ask(store, name, fields, judge, late) {
  const service = store.service(name);
  const id = uuid();
  return new Promise((resolve, reject) => {
    let leave = () => {};
    const end = (settle, value) => {
      clearTimeout(timer);
      followed.stop();
      leave();
      settle(value);
      service.remove(id).catch(() => {}); // it was removed by whoever answered
    };
    const fail = (text) => end(reject, new Error(text));
    const timer = setTimeout(() => fail(late.text), seconds(late.after));
    const followed = follow(store, name, id, (document) => {
      const { done, text, taken } = judge(document);
      if (taken) clearTimeout(timer);
      if (text !== undefined) fail(text);
      else if (done !== undefined) end(resolve, done);
    }, () => fail('It was removed before it was answered'));
    if (late.when) leave = late.when(fail);
    service.create({ _id: id, ...fields }).catch((error) => fail(error.message));
  });
}

/** Sends a command to a run or a job; resolves with what was answered, and fails with the reason of a refusal. */
export function command(store, target, name, params = {}, until = undefined) {
  const judge = ({ state, message }) => {
    if (state === 'refused') return { text: message || `${name} was refused` };
    return state === 'done' ? { done: message ?? '' } : { taken: state === 'accepted' };
  };
  const text = `Nobody has taken the command ${name} for ${PATIENCE} s: the training has ended, or its Python is gone`;
  const fields = { runId: null, jobId: null, ...target, command: name, params, state: 'sent', message: '' };
  return ask(store, 'run-commands', fields, judge, { after: PATIENCE, text, when: until });
}

/** What a dataset would store of an input: an image as a JPEG, numbers as a list. */
function stored(x) {
  if (ArrayBuffer.isView(x)) return Array.from(/** @type {any} */ (x));
  if (!(x instanceof ImageData)) return x;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [x.width, x.height];
  canvas.getContext('2d').putImageData(x, 0, 0);
  return canvas.toDataURL('image/jpeg');
}

/** Asks Python what a model says of an input; `until` is told how to give up. */
export async function request(store, { x, ...fields }, until) {
  const asked = { ...fields, x: stored(x), state: 'asked', y: null, message: '' };
  if (JSON.stringify(asked).length > LARGEST) throw new Error('The input is too large to be sent: 900 kB is the most');
  const judge = ({ state, y, message }) => {
    if (state === 'error') return { text: message || 'Python could not predict' };
    return state === 'answered' ? { done: y } : {};
  };
  const text = `Python has not answered for ${LONGEST} s`;
  return ask(store, 'predict-requests', asked, judge, { after: LONGEST, text, when: until });
}
