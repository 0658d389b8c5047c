// The runtime of ONNX models, which Marcelle looks for as a global. It is large, so it is loaded when the first such model is.

/** @type {Promise<void> | null} */
let loading = null;

export function loadOnnxRuntime() {
  loading ??= load().catch((error) => {
    loading = null; // the next try may find it
    throw error;
  });
  return loading;
}

async function load() {
  const ort = await import('onnxruntime-web/wasm');
  ort.env.wasm.wasmPaths = {
    'ort-wasm.wasm': new URL('../../node_modules/onnxruntime-web/dist/ort-wasm.wasm', import.meta.url).href,
    'ort-wasm-simd.wasm': new URL('../../node_modules/onnxruntime-web/dist/ort-wasm-simd.wasm', import.meta.url).href,
  };
  ort.env.wasm.numThreads = 1; // more of them need headers that a server has to send with this page
  Object.assign(window, { ort });
}
