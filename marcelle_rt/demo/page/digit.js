// A digit drawn by hand is recognized by the newest checkpoint of the newest ticked run, loaded as it arrives.
import { confidencePlot, createStream, sketchPad, tfjsModel } from '@marcellejs/core';
import { Card } from './card.js';
import { say } from './dom.js';
import { entriesOf } from './runs/facts.js';

const SIDE = 8; // the model's images are 8 by 8, like scikit-learn's digits
const FINE = 4 * SIDE; // they were counted from 32 by 32 pixels, in blocks of 4 by 4

const isInk = (pixels, i) => pixels[4 * i] < 128;

// The smallest box around the ink, or null where there is none.
function inkBox({ data, width, height }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let i = 0; i < width * height; i += 1) {
    if (!isInk(data, i)) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

// The drawing as the model knows digits: as high as the image, in its middle, 1 where all is ink.
function toModel(image, canvas) {
  const box = inkBox(image);
  if (!box) return null;
  const scale = FINE / Math.max(box.width, box.height);
  const [width, height] = [box.width * scale, box.height * scale];
  const small = document.createElement('canvas');
  small.width = FINE;
  small.height = FINE;
  const context = small.getContext('2d', { willReadFrequently: true });
  context.fillStyle = 'white';
  context.fillRect(0, 0, FINE, FINE);
  context.imageSmoothingQuality = 'high';
  // The pad's pen is thinner than those that the digits were written with: it is drawn broader.
  context.globalCompositeOperation = 'darken';
  for (const dx of [-1.5, 0, 1.5]) {
    for (const dy of [-1.5, 0, 1.5]) {
      const [x, y] = [(FINE - width) / 2 + dx, (FINE - height) / 2 + dy];
      context.drawImage(canvas, box.left, box.top, box.width, box.height, x, y, width, height);
    }
  }
  const { data } = context.getImageData(0, 0, FINE, FINE);
  const block = (row, column) => {
    let ink = 0;
    for (let i = 0; i < 16; i += 1) {
      ink += 255 - data[4 * ((4 * row + Math.floor(i / 4)) * FINE + 4 * column + (i % 4))];
    }
    return ink / (16 * 255);
  };
  const places = [...Array(SIDE).keys()];
  return places.map((row) => places.map((column) => [block(row, column)]));
}

/**
 * @param {import('../../dashboard/page/connection.js').Connection} connection
 * @param {import('../../dashboard/page/runs/catalogue.js').Catalogue} catalogue
 * @param {import('../../dashboard/page/runs/selection.js').Selection} selection
 * @returns {object[]} Marcelle's components, to stand in a row
 */
export function drawDigit(connection, catalogue, selection) {
  const pad = sketchPad();
  pad.title = 'Draw a digit';
  const model = tfjsModel({ inputType: 'generic', taskType: 'classification' });
  const nothing = Object.fromEntries([...Array(10).keys()].map((digit) => [digit, 0]));
  const predictions = createStream({ label: '?', confidences: nothing }, true);
  const answer = confidencePlot(predictions);
  answer.title = 'The newest checkpoint says';
  const note = new Card('Checkpoint in use', 'None yet. The first one that arrives is loaded.');

  let wanted = null; // the newest checkpoint that has been seen
  let tried = null; // the id of the one that was loaded last, or could not be
  let ready = false; // whether a model is there that answers
  let busy = false;
  let drawn = null;

  async function predict() {
    if (drawn && ready && !busy) predictions.set(await model.predict(drawn));
  }

  async function load() {
    if (busy) return;
    while (wanted && wanted.id !== tried) {
      const { id, text } = wanted;
      busy = true;
      tried = id;
      try {
        await model.load(connection.store, id);
        ready = true;
        say(note.content, text);
      } catch (error) {
        ready = false;
        say(note.content, `${text} can't be loaded: ${error.message}`);
      }
      busy = false;
    }
    await predict();
  }

  pad.$images.subscribe((image) => {
    drawn = toModel(image, pad.sketchElement);
    predict();
  });

  catalogue.subscribe(() => {
    const started = (id) => catalogue.rows.get(id)?.start || 0;
    const newestFirst = [...selection.ticked].sort((a, b) => started(b) - started(a));
    for (const ticked of newestFirst) {
      const checkpoint = entriesOf(catalogue.documents.get(ticked) ?? {}, 'checkpoints').at(-1);
      if (!checkpoint) continue;
      const { id, metadata } = checkpoint;
      wanted = { id, text: `${catalogue.rows.get(ticked).name}, epoch ${metadata?.epoch ?? 'unknown'}` };
      load();
      return;
    }
  });

  return [pad, answer, note];
}
