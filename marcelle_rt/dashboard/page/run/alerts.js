// The card of a run's alerts, the newest first.
import { followBeside } from '../beside/follow.js';
import { Card } from '../card.js';
import { element } from '../dom.js';
import { moment } from '../text.js';

const LEVELS = ['info', 'warning', 'error'];

/**
 * @param {import('../connection.js').Connection} connection
 * @param {import('./opened.js').OpenedRun} opened
 */
export function alertsCard(connection, opened) {
  const list = element('ul', { class: 'rt-alerts', role: 'log' });
  const card = new Card('Alerts', list);
  card.show(false);
  followBeside(connection, opened, 'run-alerts', (runs) => {
    const alerts = [...runs.values()].flat();
    card.show(alerts.length > 0);
    const newest = alerts.sort((a, b) => String(b.time).localeCompare(String(a.time)));
    list.replaceChildren(
      ...newest.map(({ title, text, level, time, epoch }) =>
        element(
          'li', { 'data-level': LEVELS.includes(level) ? level : 'info' },
          element('b', {}, String(title ?? '')), ' ', element('span', {}, String(text ?? '')), ' ',
          element('i', {}, [moment(Date.parse(time)), Number.isInteger(epoch) && `epoch ${epoch}`].filter(Boolean).join(', ')),
        ),
      ),
    );
  });
  return card;
}
