// Runs converted models in TF.js on the CPU: one line of JSON in, one line of JSON out.
// node tfjs.js <folder with node_modules>
'use strict';

const { openSync, closeSync, readSync, readFileSync, statSync } = require('node:fs');
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
  const paths = document.weightsManifest.flatMap((group) => group.paths).map((name) => join(dirname(path), name));
  return predict(tf, document, together(paths), inputs);
}

// The bytes of files in one row, into which they are read: of large models there is no room for a second one.
function together(paths) {
  const row = new Uint8Array(paths.reduce((size, path) => size + statSync(path).size, 0));
  let place = 0;
  for (const path of paths) {
    const file = openSync(path, 'r');
    place += readSync(file, row, place, row.length - place, 0);
    closeSync(file);
  }
  return row.buffer;
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
