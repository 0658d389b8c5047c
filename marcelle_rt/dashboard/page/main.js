// The dashboard: all runs of a backend as a table and as curves, in Marcelle's own frame.
import { dashboard } from '@marcellejs/core';
import { backend } from './settings.js';
import { connect } from './connection.js';
import { Catalogue } from './runs/catalogue.js';
import { Selection } from './runs/selection.js';
import { curvesCard } from './curves/panel.js';
import { runPage } from './run/page.js';
import { runsCard } from './runs/card.js';

const TICK = 'Tick runs in the table to see and compare their curves.';

const connection = connect(backend);
const catalogue = new Catalogue(connection);
const selection = new Selection(catalogue);

const page = dashboard({ title: 'Marcelle', author: 'marcelle_rt' });
page
  .page('Runs', false)
  .use(runsCard(catalogue, selection, connection), curvesCard(catalogue, selection, { hint: TICK, legend: true }));
runPage(page.page('Run'), catalogue, connection);
page.settings.dataStores(connection.store);
page.show();
