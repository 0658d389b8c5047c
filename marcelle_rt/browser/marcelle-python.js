// Python models in Marcelle dashboards: train, steer and predict, all through the dashboard's own data store.
// `marcelle-rt js FOLDER` writes this file, its types and its folder; they need @marcellejs/core and nothing else.
import { EVENTS, linkOf } from './marcelle-python/line.js';
import { PythonModel } from './marcelle-python/model.js';
import { PythonRun } from './marcelle-python/run.js';

const ROW = 300; // milliseconds: predictions that follow each other are looked at together

/** A model that Python trains. @param {any} store @param {string} task @param {{ local?: boolean }} [options] */
export const pythonModel = (store, task, options) => new PythonModel(store, task, options);

/** A run that began in Python. @param {any} store @param {string} id */
export const pythonRun = (store, id) => new PythonRun(store, id);

/** A stream of the tasks whose Python is there. @param {any} store */
export const pythonTasks = (store) => linkOf(store).$tasks;

/** Lets a stock `batchPrediction`, and its confusion matrix, follow what Python writes and removes. @param {any} batch */
export function followPredictions(batch) {
  let followed = false;
  let timer;
  const read = () => {
    clearTimeout(timer);
    timer = setTimeout(() => batch.$status.set({ status: 'loaded' }), ROW);
  };
  batch.$status.subscribe(() => {
    if (followed || !batch.predictionService) return;
    followed = true;
    for (const event of [...EVENTS, 'removed']) batch.predictionService.on(event, read);
  });
  return batch;
}
