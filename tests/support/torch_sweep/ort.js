// Runs ONNX files in onnxruntime-web under Node: one line of JSON in, one line of JSON out.
// node ort.js <folder with node_modules>
'use strict';

const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { createInterface } = require('node:readline');

const ort = createRequire(join(process.argv[2], 'node_modules', 'none.js'))('onnxruntime-web');

function encode({ dims, data }) {
  const values = Float32Array.from(data, Number);
  return { shape: dims, values: Buffer.from(values.buffer).toString('base64') };
}

async function answer({ path, inputs: [{ shape, values }] }) {
  const bytes = Buffer.from(values, 'base64');
  const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4).slice();
  const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(path)), { executionProviders: ['wasm'] });
  try {
    const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', numbers, shape) });
    return { outputs: session.outputNames.map((name) => encode(outputs[name])) };
  } finally {
    await session.release?.();
  }
}

async function main() {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
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
