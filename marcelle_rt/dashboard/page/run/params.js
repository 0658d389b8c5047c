// The cards of a run's parameters and of its model.
import { Card } from '../card.js';
import { breakable, element } from '../dom.js';
import { number, plain } from '../text.js';

const NO_LOSS = 'Unknown'; // what documents have where a model has no loss

/** @param {import('./opened.js').OpenedRun} opened */
export function paramsCard(opened) {
  const table = element('table', { class: 'rt-table rt-params' });
  const card = new Card('Parameters', table);
  let drawn = '';
  opened.subscribe(() => {
    const lines = Object.entries(opened.row?.params ?? {}).map(([name, value]) => [name, plain(value)]);
    card.show(lines.length > 0);
    const text = JSON.stringify(lines);
    if (text === drawn) return;
    drawn = text;
    table.replaceChildren(...lines.map(([name, value]) => element('tr', {}, element('th', { scope: 'row' }, ...breakable(name)), element('td', {}, value))));
  });
  return card;
}

/** @param {import('./opened.js').OpenedRun} opened */
export function modelCard(opened) {
  const head = element('p');
  const summary = element('pre', { class: 'rt-code' });
  const card = new Card('Model', head, element('details', {}, element('summary', {}, 'Layers'), summary));
  opened.subscribe(() => {
    const model = opened.document?.model;
    const text = typeof model?.summary === 'string' ? model.summary : '';
    card.show(text !== '');
    const { total, trainable } = model?.param_count ?? {};
    const count = typeof total === 'number' ? `${total.toLocaleString()} weights, ${number(trainable) && Number(trainable).toLocaleString()} of them trained` : '';
    const loss = plain(model?.loss);
    head.textContent = [plain(model?.name), count, loss && loss !== NO_LOSS && `loss ${loss}`].filter(Boolean).join(' · ');
    summary.textContent = text;
  });
  return card;
}
