// A task's parameters as streams, from which Marcelle's `modelParameters` makes a form.
import { createStream } from '@marcellejs/core';

const ARRAYS = { 'integer array': 'number array', 'number array': 'number array' };
const KINDS = { choice: 'menu', boolean: 'boolean', string: 'text', ...ARRAYS };

/** Which numbers a parameter takes, in words. */
function range(type, min, max) {
  const kind = type === 'integer' ? 'whole numbers' : 'numbers';
  if (min === -Infinity) return max === Infinity ? kind : `${kind} up to ${max}`;
  return max === Infinity ? `${kind} from ${min}` : `${kind} from ${min} to ${max}`;
}

/**
 * Fills in streams and the form's kinds of fields; streams that are there keep what was entered.
 * `tell` is given a sentence for a number that was changed to one that fits, and then an empty text for one that fits.
 */
export function learn(params, streams, form, tell) {
  for (const { name, type, default: value, options, min = -Infinity, max = Infinity } of params) {
    form[name] = { type: KINDS[type] ?? 'number', options: options?.map(String) };
    if (streams[name]) continue;
    const stream = createStream(type === 'choice' ? String(value) : value, true);
    streams[name] = stream;
    let corrected = null; // what an entry became that did not fit
    stream.subscribe((entered) => {
      if (typeof entered !== 'number' || entered === corrected) return;
      const fitting = Math.min(max, Math.max(min, type === 'integer' ? Math.round(entered) : entered));
      if (fitting !== entered) {
        corrected = fitting;
        tell(`${name} takes ${range(type, min, max)}: ${entered} became ${fitting}.`);
        queueMicrotask(() => stream.set(fitting)); // the form shows what will be sent
      } else if (corrected !== null) {
        corrected = null;
        tell('');
      }
    });
  }
}

/** What was entered, by name; a menu has texts, also where Python has numbers. */
export function valuesOf(params, streams) {
  const value = ({ name, options }) => {
    const { value: is } = streams[name];
    return [name, options?.find((option) => String(option) === is) ?? is];
  };
  return Object.fromEntries(params.map(value));
}
