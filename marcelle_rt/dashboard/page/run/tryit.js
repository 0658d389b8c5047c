// The card of a run's checkpoints: one is loaded into the page, and answers for an image or for numbers.
import { confidencePlot, createStream, imageUpload } from '@marcellejs/core';
import { Card } from '../card.js';
import { element, say } from '../dom.js';
import { entriesOf } from '../runs/facts.js';
import { number } from '../text.js';
import { loadCheckpoint, shaped } from './model.js';
import { isImage, numbersOf } from './pixels.js';

/**
 * @typedef {import('../runs/facts.js').Document} Document
 * @typedef {import('./model.js').Loaded} Loaded
 */

const FIRST = 10;
const MOST_CLASSES = 1000;

/**
 * The shape of one input, as the run's own description of its model tells it.
 * @param {Document | undefined} run
 */
function shapeOf(run) {
  const shape = run?.model?.layers?.[0]?.input_shape;
  return Array.isArray(shape) && shape.slice(1).every(Number.isInteger) ? shape.slice(1) : null;
}

/**
 * Each checkpoint with what it is called: by its epoch, and counted where that has several, as after a run was resumed.
 * @param {Document[]} checkpoints In the order in which they were saved.
 */
function titled(checkpoints) {
  const counts = new Map();
  return checkpoints.map((checkpoint) => {
    const epoch = checkpoint.metadata?.epoch ?? '?';
    const count = (counts.get(epoch) ?? 0) + 1;
    counts.set(epoch, count);
    const name = epoch === 'final' ? epoch : `epoch ${epoch}`;
    return { checkpoint, title: count > 1 ? `${name} (${count})` : name };
  });
}

/**
 * @param {import('../connection.js').Connection} connection
 * @param {import('./opened.js').OpenedRun} opened
 */
export function tryCard(connection, opened) {
  const list = element('div', { class: 'rt-checkpoints' });
  const said = element('p', { class: 'rt-count', role: 'status' });
  const image = imageUpload();
  const imagePlace = element('div', { class: 'rt-embedded' });
  const picture = element('canvas', { class: 'rt-given', role: 'img', 'aria-label': 'the given image', hidden: true });
  const scale = element(
    'select', { 'aria-label': 'values of pixels', onchange: answer },
    element('option', { value: 1 }, 'pixels from 0 to 1'), element('option', { value: 255 }, 'pixels from 0 to 255'),
  );
  const scaled = element('label', {}, ', with ', scale);
  const images = element('div', {}, 'Give an image', scaled, imagePlace, picture);
  const typed = element('textarea', { rows: 2, spellcheck: 'false', 'aria-label': 'numbers', oninput: answer });
  const numbers = element('div', {}, element('label', {}, 'Type its numbers', typed));
  const predictions = createStream({ label: '', confidences: /** @type {Record<string, number>} */ ({}) }, true);
  const plot = confidencePlot(predictions);
  const plotPlace = element('div', { class: 'rt-embedded rt-confidences' });
  const told = element('output', { class: 'rt-answer' });
  const bench = element('div', { class: 'rt-bench' }, element('div', {}, images, numbers), element('div', {}, told, plotPlace));
  const card = new Card('Checkpoints: try one in this page', list, said, bench);
  image.mount(imagePlace);

  /** @type {Loaded | null} */
  let loaded = null;
  /** @type {ImageData | null} */
  let given = null;
  let [of, drawn, all, plotted, pressed] = ['', '', false, false, ''];

  /** Shows which checkpoint is loaded. @param {string} id */
  function press(id) {
    pressed = id;
    for (const button of list.querySelectorAll('button')) button.setAttribute('aria-pressed', String(button.dataset.id === id));
  }

  /**
   * @param {Document} checkpoint
   * @param {string} title
   */
  async function load(checkpoint, title) {
    const run = opened.id;
    loaded = null;
    bench.hidden = true;
    press('');
    const name = title.startsWith('epoch') ? `The checkpoint of ${title}` : `The ${title} checkpoint`;
    say(said, `${name} is being loaded …`);
    try {
      const model = await loadCheckpoint(connection, checkpoint, shapeOf(opened.document));
      if (run !== opened.id) return;
      loaded = model;
      press(String(checkpoint.id));
    } catch (error) {
      say(said, `${name} can't be loaded: ${/** @type {Error} */ (error).message}.`);
      return;
    }
    const { shape } = loaded;
    const white = checkpoint.metadata?.pixels; // its model does by itself what images need
    if (white === 255 || white === 1) scale.value = String(white);
    scaled.hidden = white === 255 || white === 1;
    say(said, `${name} is loaded. It takes ${isImage(shape) ? `an image of ${shape[1]} × ${shape[0]} pixels` : `${shape.join(' × ') || 1} numbers`}.`);
    images.hidden = !isImage(shape);
    numbers.hidden = isImage(shape);
    typed.placeholder = `${shape.reduce((product, each) => product * each, 1)} numbers, with blanks or commas between them`;
    bench.hidden = false;
    await answer();
  }

  async function answer() {
    if (!loaded) return;
    const { shape } = loaded;
    const wanted = shape.reduce((product, each) => product * each, 1);
    let values;
    if (isImage(shape)) {
      if (!given) return;
      values = numbersOf(given, shape, Number(scale.value));
    } else {
      values = typed.value.split(/[\s,;]+/).filter(Boolean).map(Number);
      if (values.length !== wanted || values.some(Number.isNaN)) {
        say(told, values.length === 0 ? '' : `${wanted} numbers are wanted, and ${values.filter((value) => !Number.isNaN(value)).length} are there.`);
        plotPlace.hidden = true;
        return;
      }
    }
    try {
      show(await loaded.predict(shaped(values, shape)), loaded.labels);
    } catch (error) {
      say(told, `The model can't answer: ${/** @type {Error} */ (error).message}`);
      plotPlace.hidden = true;
    }
  }

  /** @param {Record<string, number[]>} outputs @param {string[] | null} labels */
  function show(outputs, labels) {
    const scores = outputs.probabilities ?? Object.values(outputs)[0] ?? [];
    const sum = scores.reduce((total, each) => total + each, 0);
    const isClasses = scores.length > 1 && scores.length <= MOST_CLASSES && scores.every((each) => each >= 0 && each <= 1.001) && Math.abs(sum - 1) < 0.02;
    plotPlace.hidden = !isClasses;
    if (!isClasses) {
      const lines = Object.entries(outputs).map(([name, values]) => `${Object.keys(outputs).length > 1 ? `${name}: ` : ''}${values.slice(0, 100).map(number).join(', ')}`);
      say(told, lines.join('\n'));
      return;
    }
    const label = (/** @type {number} */ place) => labels?.[place] ?? String(place);
    const likeliest = scores.indexOf(Math.max(...scores));
    say(told, `${label(likeliest)} (${(100 * scores[likeliest]).toFixed(1)} %)`);
    if (!plotted) plot.mount(plotPlace);
    plotted = true;
    predictions.set({ label: label(likeliest), confidences: Object.fromEntries(scores.map((score, place) => [label(place), score])) });
  }

  function draw() {
    const saved = entriesOf(opened.document ?? {}, 'checkpoints').filter(({ id }) => id !== undefined);
    const checkpoints = titled(saved).reverse();
    card.show(checkpoints.length > 0);
    if (of !== opened.id) {
      [of, all, loaded] = [opened.id, false, null];
      bench.hidden = true;
      press('');
      say(said, '');
      // Networks with a layer for it take what an image file has; the others were trained on values up to 1.
      const layers = JSON.stringify(opened.document?.model?.layers ?? '').toLowerCase();
      scale.value = layers.includes('rescaling') ? '255' : '1';
    }
    const shown = all ? checkpoints : checkpoints.slice(0, FIRST);
    const text = JSON.stringify([checkpoints.length, shown]);
    if (text === drawn) return;
    drawn = text;
    const more = checkpoints.length - shown.length;
    list.replaceChildren(
      ...shown.map(({ checkpoint, title }) => {
        const format = checkpoint.service === 'onnx-models' ? 'ONNX' : 'TF.js';
        return element('button', { type: 'button', 'data-id': String(checkpoint.id), onclick: () => load(checkpoint, title), title: `${checkpoint.name ?? ''} (${format})` }, title);
      }),
      ...(more > 0 ? [element('button', { type: 'button', onclick: () => { all = true; drawn = ''; draw(); } }, `${more} more …`)] : []),
    );
    press(pressed);
  }

  image.$images.subscribe((each) => {
    given = /** @type {ImageData | null} */ (/** @type {unknown} */ (each)) ?? given;
    picture.hidden = !given;
    if (given) {
      [picture.width, picture.height] = [given.width, given.height];
      picture.getContext('2d')?.putImageData(given, 0, 0);
    }
    answer();
  });
  opened.subscribe(draw);
  return card;
}
