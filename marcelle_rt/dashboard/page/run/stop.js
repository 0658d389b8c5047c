// Asks the program of a run to end it in peace, and says what comes of it.
import { element, say } from '../dom.js';
import { idOf, isActive } from '../runs/facts.js';

/** @typedef {import('../runs/facts.js').Document} Document */

const PATIENCE = 30000; // milliseconds until somebody has taken the command; a busy training takes its time
const EVENTS = ['updated', 'patched'];

/**
 * A button that is there while the run's program listens to commands.
 * @param {import('../connection.js').Connection} connection
 * @param {import('./opened.js').OpenedRun} opened
 */
export function stopButton(connection, opened) {
  const button = element('button', { type: 'button', class: 'rt-danger', onclick: go }, 'Stop this training');
  const told = element('p', { class: 'rt-hint', role: 'status' });
  const part = element('div', { class: 'rt-stop' }, button, told);
  let asked = ''; // the run that was asked; what came of it is not of another one

  function draw() {
    const { row, document: run } = opened;
    const listens = run?.steering?.commands?.includes?.('stop') && row && isActive(row);
    button.hidden = !listens;
    if (asked !== opened.id) say(told, '');
    part.hidden = button.hidden && !told.textContent;
  }

  async function go() {
    asked = opened.id;
    const mine = asked;
    button.disabled = true;
    say(told, 'Asked; it ends after the batch or epoch that it is in.');
    let text;
    try {
      text = await stop(connection.store, /** @type {Document} */ (opened.document));
    } catch (error) {
      text = `It could not be asked: ${/** @type {Error} */ (error).message}`;
    }
    button.disabled = false;
    if (asked === mine) say(told, text);
    draw();
  }

  opened.subscribe(draw);
  return part;
}

/**
 * @param {import('../connection.js').Connection['store']} store
 * @param {Document} run
 * @returns {Promise<string>} What came of it.
 */
async function stop(store, run) {
  const service = /** @type {any} */ (store.service('run-commands'));
  /** @type {Map<string, Document>} */
  const heard = new Map(); // an answer may come before the command's own
  let look = () => {};
  const hear = (/** @type {Document} */ document) => {
    heard.set(idOf(document), document);
    look();
  };
  for (const event of EVENTS) service.on(event, hear);
  try {
    const fields = { runId: idOf(run), jobId: null, command: 'stop', params: {}, state: 'sent', message: '' };
    const id = idOf(await service.create(run.public === true ? { ...fields, public: true } : fields));
    const text = await new Promise((resolve) => {
      const late = () => resolve('Nobody has taken it: the training has ended, or its program is gone.');
      const timer = setTimeout(late, PATIENCE);
      look = () => {
        const { state, message } = heard.get(id) ?? {};
        if (state === 'accepted') clearTimeout(timer);
        else if (state === 'done') resolve(message || 'It has stopped.');
        else if (state === 'refused') resolve(message || 'It was refused.');
      };
      look();
    });
    await service.remove(id).catch(() => {}); // its program has swept it
    return text;
  } finally {
    for (const event of EVENTS) service.off(event, hear);
  }
}
