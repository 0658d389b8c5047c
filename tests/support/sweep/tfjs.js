// Runs converted models in TF.js on the CPU: one line of JSON in, one line of JSON out.
// node tfjs.js <folder with node_modules>
'use strict';

const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { createInterface } = require('node:readline');

const load = createRequire(join(process.argv[2], 'node_modules', 'none.js'));
const tf = load('@tensorflow/tfjs-core');
load('@tensorflow/tfjs-backend-cpu');
const converter = load('@tensorflow/tfjs-converter');
const layers = load('@tensorflow/tfjs-layers');

function artifacts(path) {
  const { modelTopology, weightsManifest, signature, format } = JSON.parse(readFileSync(path, 'utf8'));
  const files = weightsManifest.flatMap((group) => group.paths).map((name) => readFileSync(join(dirname(path), name)));
  const bytes = Buffer.concat(files);
  return {
    format,
    modelTopology,
    signature,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
  };
}

function decode({ shape, values, dtype }) {
  if (dtype === 'string') return tf.tensor(values, shape, 'string');
  const bytes = Buffer.from(values, 'base64');
  return tf.tensor(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4).slice(), shape, 'float32');
}

function encode(tensor) {
  const values = Float32Array.from(tensor.dataSync());
  return { shape: tensor.shape, dtype: tensor.dtype, values: Buffer.from(values.buffer).toString('base64') };
}

async function answer({ path, inputs }) {
  const given = artifacts(path);
  const handler = { load: async () => given };
  const model =
    given.format === 'graph-model' ? await converter.loadGraphModel(handler) : await layers.loadLayersModel(handler);
  try {
    return tf.tidy(() => {
      const tensors = inputs.map(decode);
      // As a page does it: a loop or an op that has to wait makes this raise.
      const outputs = model.predict(tensors.length === 1 ? tensors[0] : tensors);
      return { outputs: (Array.isArray(outputs) ? outputs : [outputs]).map(encode) };
    });
  } finally {
    model.dispose();
  }
}

async function main() {
  await tf.setBackend('cpu');
  tf.env().set('IS_TEST', true); // no advice on stdout
  for await (const line of createInterface({ input: process.stdin })) {
    let result;
    try {
      result = await answer(JSON.parse(line));
    } catch (error) {
      result = { error: String(error?.message ?? error) };
    }
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

main();
