// A task's parameters as streams, from which Marcelle's `modelParameters` makes a form.
import { createStream } from '@marcellejs/core';

const KINDS = { choice: 'menu', boolean: 'boolean', string: 'text', 'number array': 'number array' };

/** Fills in streams and the form's kinds of fields; streams that are there keep what was entered. */
export function learn(params, streams, form) {
  for (const { name, type, default: value, options, min = -Infinity, max = Infinity } of params) {
    form[name] = { type: KINDS[type] ?? 'number', options: options?.map(String) };
    if (streams[name]) continue;
    const stream = createStream(type === 'choice' ? String(value) : value, true);
    streams[name] = stream;
    stream.subscribe((entered) => {
      if (typeof entered !== 'number') return;
      const fitting = Math.min(max, Math.max(min, type === 'integer' ? Math.round(entered) : entered));
      if (fitting !== entered) queueMicrotask(() => stream.set(fitting)); // the form shows what will be sent
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
