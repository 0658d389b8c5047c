// A checkpoint as a model that answers in this page, whatever its format.
import { onnxModel, tfjsModel } from '@marcellejs/core';
import { loadOnnxRuntime } from './onnx.js';

/**
 * @typedef {number | any[]} Nested numbers in lists, as deep as a model's input is
 * @typedef {object} Loaded
 * @property {number[]} shape of one input, without the batch
 * @property {string[] | null} labels
 * @property {(input: Nested) => Promise<Record<string, number[]>>} predict the numbers of each output
 */

/**
 * @param {import('../connection.js').Connection} connection
 * @param {import('../runs/facts.js').Document} checkpoint
 * @param {number[] | null} told the input's shape as the run's document tells it
 * @returns {Promise<Loaded>}
 */
export function loadCheckpoint(connection, checkpoint, told) {
  return checkpoint.service === 'onnx-models' ? loadOnnx(connection, checkpoint, told) : loadTfjs(connection, checkpoint);
}

/** @param {import('../connection.js').Connection} connection @param {import('../runs/facts.js').Document} checkpoint */
async function loadTfjs(connection, checkpoint) {
  const model = tfjsModel({ inputType: 'generic', taskType: 'generic' });
  await model.load(connection.store, String(checkpoint.id));
  return {
    shape: model.inputShape.slice(1),
    labels: labelsOf(model.labels),
    /** @param {Nested} input */
    async predict(input) {
      const output = await model.predict(/** @type {any} */ (input));
      return { output: flatten(/** @type {Nested} */ (output)) };
    },
  };
}

/**
 * @param {import('../connection.js').Connection} connection
 * @param {import('../runs/facts.js').Document} checkpoint
 * @param {number[] | null} told
 */
async function loadOnnx(connection, checkpoint, told) {
  const stored = /** @type {any} */ (await connection.store.service('onnx-models').get(String(checkpoint.id)));
  const { inputShape } = stored.metadata ?? {};
  const shape = told ?? (Array.isArray(inputShape) && inputShape.every(Number.isInteger) ? inputShape.slice(1) : null);
  if (!shape) throw new Error('neither it nor its run tells the shape of its input, which an ONNX model needs');
  await loadOnnxRuntime();
  const [name] = stored.files[0];
  const model = onnxModel({ inputType: 'generic', taskType: 'generic', inputShape: [1, ...shape] });
  await model.loadFromUrl(`${connection.location}/onnx-models/${encodeURIComponent(String(checkpoint.id))}/${encodeURIComponent(name)}`);
  return {
    shape,
    labels: labelsOf(stored.metadata?.labels),
    /** @param {Nested} input */
    async predict(input) {
      const answer = await model.predict(/** @type {any} */ ([flatten(input)]));
      return /** @type {Record<string, number[]>} */ (Object.fromEntries(Object.entries(answer).map(([key, values]) => [key, values.map(Number)])));
    },
  };
}

/** @param {unknown} labels */
const labelsOf = (labels) => (Array.isArray(labels) ? labels.map(String) : null);

/** @param {Nested} nested @returns {number[]} */
const flatten = (nested) => (Array.isArray(nested) ? nested.flatMap(flatten) : [nested]);

/**
 * Numbers in the shape that a model takes.
 * @param {number[]} numbers
 * @param {number[]} shape
 * @returns {Nested}
 */
export function shaped(numbers, shape) {
  if (shape.length <= 1) return shape.length === 0 ? numbers[0] : numbers;
  const size = numbers.length / shape[0];
  return Array.from({ length: shape[0] }, (_, place) => shaped(numbers.slice(place * size, (place + 1) * size), shape.slice(1)));
}
