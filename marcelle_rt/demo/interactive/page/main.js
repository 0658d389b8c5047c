// Drawings become a Marcelle dataset, Keras trains on them in Python, and its model says what is drawn.
import {
  batchPrediction,
  button,
  confidencePlot,
  confusionMatrix,
  createStream,
  dataset,
  datasetBrowser,
  dataStore,
  modelParameters,
  sketchPad,
  trainingPlot,
  trainingProgress,
} from '@marcellejs/core';
import { followPredictions, pythonModel } from './marcelle-python.js';
import { classButtons } from './classes.js';
import { guide } from './guide.js';
import { drawingOn } from './drawing.js';

const store = dataStore(window.location.origin);
const sketches = dataset('sketches', store);
const model = pythonModel(store, 'sketches', { local: true });

const pad = sketchPad();
const train = button('Train');
const stop = button('Stop');
train.$click.subscribe(() => model.train(sketches));
stop.$click.subscribe(() => model.stop());

const $answer = createStream({ label: '', confidences: {} }, true);
const predictions = followPredictions(batchPrediction('sketches', store));
const form = modelParameters(model, model.form);

const components = {
  pad,
  form,
  train,
  stop,
  model,
  progress: trainingProgress(model),
  curves: trainingPlot(model),
  answer: confidencePlot($answer),
  matrix: confusionMatrix(predictions),
  browser: datasetBrowser(sketches),
};
for (const [place, component] of Object.entries(components)) {
  component.title = '';
  component.mount(document.getElementById(place));
}
model.ready.then(() => form.mount(document.getElementById('form')));

const drawing = drawingOn(pad);
let asked = 0;

async function look() {
  asked += 1;
  const mine = asked;
  const labels = model.$model.get()?.metadata.labels;
  if (!labels) return;
  if (!drawing.image) {
    $answer.set({ label: '…', confidences: Object.fromEntries(labels.map((label) => [label, 0])) });
    return;
  }
  const answer = await model.predict(drawing.image);
  if (mine === asked) $answer.set(answer); // a newer drawing has its own answer
}

drawing.subscribe(look);
model.$model.subscribe(look);

classButtons(document.getElementById('classes'), sketches, async (label) => {
  const { image, thumbnail } = drawing;
  if (!image) return false;
  drawing.clear();
  await sketches.create({ x: image, y: label, thumbnail });
  return true;
});
/** Whether a section has something to show yet. */
function fills(id, stream, isFull) {
  const section = document.getElementById(id);
  stream.subscribe((value) => section.classList.toggle('empty', !isFull(value)));
}
fills('seeing', model.$model, (published) => published !== null);
fills('testing', components.matrix.$accuracy, (accuracy) => accuracy !== undefined);
const begun = createStream(false, true);
model.$training.subscribe(({ status }) => status === 'epoch' && begun.set(true));
fills('learning', begun, Boolean);

guide(document.getElementById('guide'), { sketches, model, drawing, train, stop });
