// What the page says where there is nothing to show: what to do next.
import { element } from '../dom.js';

/** @param {string} text */
const code = (text) => element('pre', { class: 'rt-code' }, text);

const DEFAULT = 'http://localhost:3030';

/** @param {string} location */
export function noRuns(location) {
  const variable = location === DEFAULT ? '' : `export MARCELLE_BACKEND=${location}\n`;
  return element(
    'div', { class: 'rt-hint' },
    element('h3', {}, 'No run yet'),
    element('p', {}, 'This page shows a run as soon as one begins. With Keras that is one more line:'),
    code('from marcelle_rt import KerasCallback\n\nmodel.fit(x, y, callbacks=[KerasCallback("my-model")])'),
    element('p', {}, 'With any other loop:'),
    code(
      'from marcelle_rt import Writer\n\nwith Writer("my-model") as writer:\n    writer.create_run()\n' +
        '    writer.train_begin(epochs=10)\n    for epoch in range(1, 11):\n        writer.save_epoch(epoch, {"loss": ...})',
    ),
    variable && element('p', {}, 'The program finds this backend by its variable:'),
    variable && code(variable.trim()),
  );
}

/** @param {string} location */
export function noBackend(location) {
  return element(
    'div', { class: 'rt-hint' },
    element('h3', {}, `No backend answers at ${location}`),
    element('p', {}, 'Start one in a terminal; this page connects by itself:'),
    code('marcelle-rt backend --data my-data'),
    element('p', {}, 'Is it elsewhere? Then say where, or look at what is in the way:'),
    code('marcelle-rt dashboard --backend https://…\nmarcelle-rt doctor'),
    element('p', {}, 'Without any backend, runs are shown from their folders:'),
    code('marcelle-rt dashboard marcelle-logs/'),
  );
}

/** Something answers there, but not as a backend does to its pages. @param {string} location */
export function noEntry(location) {
  return element(
    'div', { class: 'rt-hint' },
    element('h3', {}, `What answers at ${location} does not let this page in`),
    element('p', {}, 'It may be another program. This says what it is, and then the page can be told where the backend is:'),
    code(`marcelle-rt doctor --backend ${location}\nmarcelle-rt dashboard --backend https://…`),
    element('p', {}, 'Or it is a backend that lets in pages of other addresses only. Then start it with this one:'),
    code(`marcelle-rt backend --allow-origin ${window.location.origin}`),
  );
}

export const reading = () => element('div', { class: 'rt-hint' }, element('p', {}, 'Reading the runs …'));
export const noneMarked = () => element('div', { class: 'rt-hint' }, element('p', {}, 'No run of those here lies in what is marked on the axes below.'));
export const noMatch = () => element('div', { class: 'rt-hint' }, element('p', {}, 'No run matches the filter. It takes words, and conditions such as status:failed, tag:baseline, lr=0.1 or val_loss<0.3; all of them have to hold.'));
