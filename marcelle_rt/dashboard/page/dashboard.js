// The dashboard: all runs of a backend as a table and as curves, and a page for each run, in Marcelle's own frame.
import { dashboard } from '@marcellejs/core';
import { backend } from './settings.js';
import { connect } from './connection.js';
import { Catalogue } from './runs/catalogue.js';
import { Selection } from './runs/selection.js';
import { tickedCard } from './beside/cards.js';
import { curvesCard } from './curves/panel.js';
import { parallelCard } from './parallel/card.js';
import { runPage } from './run/page.js';
import { runsCard } from './runs/card.js';
import { Narrowing } from './runs/narrowing.js';

const TICK = 'Tick runs in the table to see and compare their curves.';

/**
 * @param {string} title
 * @param {(parts: { connection: import('./connection.js').Connection, catalogue: Catalogue, selection: Selection }) => object[]} more
 *   makes a row of components that stands below the curves
 */
export function showDashboard(title = 'Marcelle', more = () => []) {
  const connection = connect(backend);
  const catalogue = new Catalogue(connection);
  const selection = new Selection(catalogue);
  const narrowing = new Narrowing(catalogue);
  const page = dashboard({ title, author: 'marcelle_rt' });
  const runs = page.page('Runs', false);
  const row = /** @type {any[]} */ (more({ connection, catalogue, selection }));
  runs.use(
    runsCard(catalogue, selection, narrowing, connection),
    parallelCard(catalogue, selection, narrowing),
    curvesCard(catalogue, selection, { hint: TICK, legend: true }),
    tickedCard(connection, catalogue, selection),
    ...(row.length > 0 ? [row] : []),
  );
  runPage(page.page('Run'), catalogue, connection);
  page.settings.dataStores(connection.store);
  page.show();
  // Marcelle's own button has a picture alone.
  document.querySelector('.marcelle header button')?.setAttribute('aria-label', 'settings');
}
