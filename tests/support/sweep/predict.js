// Runs a converted model in TF.js, in Node and in a page alike.
'use strict';

function decode(tf, { shape, values, dtype }) {
  if (dtype === 'string') return tf.tensor(values, shape, 'string');
  return tf.tensor(new Float32Array(bytesOf(values).buffer), shape, 'float32');
}

function encode(tensor) {
  const bytes = new Uint8Array(Float32Array.from(tensor.dataSync()).buffer);
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return { shape: tensor.shape, dtype: tensor.dtype, values: btoa(text) };
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

// `tf` is TF.js, `document` what is in model.json, `weightData` the bytes of the weights.
async function predict(tf, document, weightData, inputs) {
  const { modelTopology, weightsManifest, signature, format } = document;
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const handler = { load: async () => ({ format, modelTopology, signature, weightSpecs, weightData }) };
  const model = format === 'graph-model' ? await tf.loadGraphModel(handler) : await tf.loadLayersModel(handler);
  try {
    return tf.tidy(() => {
      const tensors = inputs.map((input) => decode(tf, input));
      // As a page does it: a loop or an op that has to wait makes this raise.
      const outputs = model.predict(tensors.length === 1 ? tensors[0] : tensors);
      return { outputs: (Array.isArray(outputs) ? outputs : [outputs]).map(encode) };
    });
  } catch (error) {
    return { error: String(error?.message ?? error) };
  } finally {
    model.dispose();
  }
}

module.exports = { predict, bytesOf };
