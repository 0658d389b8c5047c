// One run's page: how it stands, its curves, its model to try, its files, what it had to say, and what people say of it.
import { besideCard } from '../beside/cards.js';
import { curvesCard } from '../curves/panel.js';
import { RUN_PAGE } from '../route.js';
import { colorOf } from '../runs/selection.js';
import { alertsCard } from './alerts.js';
import { assetsCard } from './assets.js';
import { notesCard } from './notes.js';
import { OpenedRun } from './opened.js';
import { modelCard, paramsCard } from './params.js';
import { stopButton } from './stop.js';
import { summaryCard } from './summary.js';
import { tryCard } from './tryit.js';

/** @typedef {import('../card.js').Card} Card */

/**
 * @param {{ sidebar: (...cards: Card[]) => any }} page a page of Marcelle's dashboard
 * @param {import('../runs/catalogue.js').Catalogue} catalogue
 * @param {import('../connection.js').Connection} connection
 */
export function runPage(page, catalogue, connection) {
  const opened = new OpenedRun(catalogue);
  const overall = document.title;
  // Several tabs are told apart by it, and so is what a browser has kept.
  const entitle = () => void (document.title = (window.location.hash === `#${RUN_PAGE}` && opened.row?.name) || overall);
  window.addEventListener('hashchange', entitle);
  opened.subscribe(entitle);
  const shown = {
    get ticked() {
      return opened.ticked;
    },
    color: () => colorOf(0),
    label: () => opened.row?.name ?? '',
    tick: () => {},
    subscribe: (/** @type {() => void} */ listener) => opened.subscribe(listener),
  };
  page
    .sidebar(summaryCard(catalogue, opened, stopButton(connection, opened)), paramsCard(opened), notesCard(connection, opened))
    .use(
      alertsCard(connection, opened),
      curvesCard(catalogue, shown, { hint: '', legend: false }),
      besideCard(connection, shown, 'batches'),
      tryCard(connection, opened),
      assetsCard(connection, opened),
      modelCard(opened),
      besideCard(connection, shown, 'system'),
    );
}
