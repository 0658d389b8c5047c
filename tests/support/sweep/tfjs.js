// Runs converted models in TF.js on the CPU: one line of JSON in, one line of JSON out.
// node tfjs.js <folder with node_modules>
'use strict';

const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { createInterface } = require('node:readline');

const { predict } = require('./predict.js');

const load = createRequire(join(process.argv[2], 'node_modules', 'none.js'));
const core = load('@tensorflow/tfjs-core');
load('@tensorflow/tfjs-backend-cpu');
const tf = { ...core, ...load('@tensorflow/tfjs-converter'), ...load('@tensorflow/tfjs-layers') };

async function answer({ path, inputs }) {
  const document = JSON.parse(readFileSync(path, 'utf8'));
  const names = document.weightsManifest.flatMap((group) => group.paths);
  const bytes = Buffer.concat(names.map((name) => readFileSync(join(dirname(path), name))));
  const weights = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return predict(tf, document, weights, inputs);
}

async function main() {
  await core.setBackend('cpu');
  core.env().set('IS_TEST', true); // no advice on stdout
  for await (const line of createInterface({ input: process.stdin })) {
    const result = await answer(JSON.parse(line)).catch((error) => ({ error: String(error?.message ?? error) }));
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

main();
