// The card that says how a run stands: its state, how far it is, its figures, and why it failed.
import { Card } from '../card.js';
import { breakable, element, say } from '../dom.js';
import { secondsOf } from '../runs/columns.js';
import { flat, grows, ordered } from '../runs/facts.js';
import { duration, moment, number, plain } from '../text.js';

const MOST = 30; // lines of a table

/**
 * @param {import('../runs/catalogue.js').Catalogue} catalogue
 * @param {import('./opened.js').OpenedRun} opened
 * @param {Node} stop what stops the run
 */
export function summaryCard(catalogue, opened, stop) {
  const name = element('h3', { class: 'rt-run-name' });
  const state = element('span', { class: 'rt-state' });
  const bar = element('span');
  const track = element('div', { class: 'rt-track' }, bar);
  const facts = element('dl', { class: 'rt-facts' });
  const error = element('pre', { class: 'rt-error', role: 'alert' });
  const figures = element('table', { class: 'rt-table rt-figures' });
  const whole = element('table', { class: 'rt-table rt-figures' });
  const body = element('div', {}, element('div', { class: 'rt-named' }, name, state), track, error, facts, stop, figures, whole);
  const hint = element('p', { class: 'rt-hint' });
  const card = new Card('', body, hint);

  function draw() {
    const { row, document } = opened;
    body.hidden = !row;
    hint.hidden = Boolean(row);
    say(hint, !opened.id ? 'Open a run by its name in the table.' : catalogue.ready ? 'This run is not on the backend (any more).' : 'Reading …');
    if (!row) return;
    const now = Date.now();
    const stands = catalogue.stateOf(row);
    body.dataset.state = stands;
    say(name, row.name);
    say(state, catalogue.wordFor(row));
    track.hidden = !row.planned;
    bar.style.width = `${row.planned ? Math.min(100, (100 * row.done) / row.planned) : 0}%`;
    error.hidden = !row.error;
    say(error, row.error);
    const told = [
      [document?.x === 'step' ? 'Step' : 'Epoch', row.planned ? `${row.done} of ${row.planned}` : String(row.done)],
      [stands === 'training' ? 'Training for' : 'Took', duration(secondsOf(row, now))],
      ['Started', moment(row.start, now)],
      ['Ended because', row.reason],
      ['Made with', typeof document?.source === 'string' ? document.source : ''],
    ].filter(([, value]) => value);
    const text = JSON.stringify(told);
    if (facts.dataset.text !== text) {
      facts.dataset.text = text;
      facts.replaceChildren(...told.flatMap(([term, value]) => [element('dt', {}, term), element('dd', {}, value)]));
    }
    drawFigures(row);
    drawWhole(document?.summary);
  }

  /** @param {import('../runs/facts.js').Row} row */
  function drawFigures(row) {
    const metrics = row.metrics ?? {};
    const lines = ordered(Object.keys(metrics)).slice(0, MOST).map((metric) => [metric, number(metrics[metric].last), number(metrics[metric].best)]);
    const text = JSON.stringify(lines);
    if (figures.dataset.text === text) return;
    figures.dataset.text = text;
    const head = element('tr', {}, element('th', {}, 'Metric'), element('th', { class: 'rt-number' }, 'last'), element('th', { class: 'rt-number' }, 'best'));
    const rows = lines.map(([metric, last, best]) =>
      element(
        'tr', {},
        element('td', {}, ...breakable(metric)), element('td', { class: 'rt-number' }, last),
        element('td', { class: 'rt-number', title: grows(metric) ? 'the greatest' : 'the least' }, best),
      ),
    );
    figures.replaceChildren(...(lines.length ? [element('thead', {}, head), element('tbody', {}, ...rows)] : []));
  }

  /** What is known of the whole run, such as the figures of a test. @param {unknown} summary */
  function drawWhole(summary) {
    const lines = Object.entries(flat(summary)).slice(0, MOST).map(([label, value]) => [label, plain(value)]);
    const text = JSON.stringify(lines);
    if (whole.dataset.text === text) return;
    whole.dataset.text = text;
    const head = element('tr', {}, element('th', {}, 'Of the whole run'), element('th', { class: 'rt-number' }, 'value'));
    const rows = lines.map(([label, value]) => element('tr', {}, element('td', {}, ...breakable(label)), element('td', { class: 'rt-number' }, value)));
    whole.replaceChildren(...(lines.length ? [element('thead', {}, head), element('tbody', {}, ...rows)] : []));
  }

  opened.subscribe(draw);
  catalogue.subscribe(() => opened.row || draw());
  setInterval(() => document.hidden || draw(), 1000);
  return card;
}
