// The cards beside the charts: how far each run on show has come, and its parameters.
import { Component } from './marcelle.js';

function element(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

// A card of Marcelle's look around any content.
class Card extends Component {
  constructor(title, ...children) {
    super();
    this.title = title;
    this.content = element('div', 'live-card', ...children);
  }

  mount(target = document.querySelector(`#${this.id}`)) {
    if (!target) return;
    this.destroy();
    const view = element('div', 'card-container', element('span', 'card-title', this.title), this.content);
    target.append(view);
    this.$$.app = { $destroy: () => view.remove() };
  }
}

// A card whose content is drawn anew whenever the runs on show change.
function liveCard(title, runs, draw) {
  const card = new Card(title);
  runs.subscribe((shown) => card.content.replaceChildren(...draw(shown)));
  return card;
}

// A card with one sentence, which `say` replaces.
export function noteCard(title, sentence) {
  const card = new Card(title, sentence);
  card.say = (text) => card.content.replaceChildren(text);
  return card;
}

const STATES = {
  idle: 'waiting',
  start: 'starting',
  epoch: 'training',
  success: 'finished',
  error: 'stopped by an error',
};

const format = (value) => (typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value));

const last = (values) => values?.findLast((value) => value !== null);

function drawRun(run) {
  const done = Object.values(run.logs ?? {}).reduce((most, values) => Math.max(most, values.length), 0);
  const bar = element('div', 'live-bar');
  bar.style.width = `${Math.min(100, (100 * done) / (run.epochs || done || 1))}%`;
  const figures = ['loss', 'accuracy', 'val_accuracy']
    .filter((metric) => last(run.logs?.[metric]) !== undefined)
    .map((metric) =>
      element('div', 'live-figure', element('b', '', last(run.logs[metric]).toFixed(4)), element('span', '', metric)),
    );
  return element(
    'section',
    `live-run live-${run.status}`,
    element('div', 'live-head', element('b', '', run.name), element('span', 'live-state', STATES[run.status] ?? run.status)),
    element('div', 'live-track', bar),
    element('div', 'live-epoch', `epoch ${done} of ${run.epochs ?? '?'}`),
    element('div', 'live-figures', ...figures),
  );
}

export function runCard(runs) {
  return liveCard('Now', runs, (shown) =>
    shown.length > 0
      ? shown.map(drawRun)
      : [element('p', 'live-empty', 'No run yet. This page draws a run as soon as one begins.')],
  );
}

export function parameterCard(runs) {
  return liveCard('Parameters', runs, (shown) => {
    const names = [...new Set(shown.flatMap((run) => Object.keys(run.params ?? {})))];
    const rows = names.map((name) =>
      element(
        'tr',
        '',
        element('th', '', name),
        ...shown.map((run) => element('td', '', name in (run.params ?? {}) ? format(run.params[name]) : '')),
      ),
    );
    return [element('table', 'live-params', ...rows)];
  });
}
