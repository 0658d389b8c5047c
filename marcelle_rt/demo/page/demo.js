// The demo's dashboard: Marcelle's own components, fed by whatever a Python process publishes.
import { dashboard, dataStore, trainingHistory } from './marcelle.js';
import { backend } from './settings.js';
import { followRuns } from './runs.js';
import { liveChart } from './chart.js';
import { runCard, parameterCard } from './cards.js';
import { tryIt } from './tryit.js';

const METRICS = ['accuracy', 'val_accuracy', 'loss', 'val_loss'];

const store = dataStore(backend);
await store.connect();
const runs = await followRuns(store);

const history = trainingHistory(store, { metrics: METRICS });
history.title = 'Every run on this backend: tick some to compare them';
const { pad, answer, note } = tryIt(store, runs);

const live = dashboard({ title: 'Marcelle, live from Python', author: 'marcelle_rt' });
live
  .page('Training')
  .sidebar(runCard(runs), parameterCard(runs), note)
  .use(
    [liveChart(runs, 'Loss', 'loss', 'val_loss'), liveChart(runs, 'Accuracy', 'accuracy', 'val_accuracy')],
    [pad, answer],
    history,
  );
live.show();
