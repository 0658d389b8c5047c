// The runtime of ONNX models. It is large, so it is loaded when the first such model is.

const PLACE = 'onnx/';

/** @type {Promise<void> | null} */
let loading = null;

export function loadOnnxRuntime() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = `${PLACE}ort.wasm.min.js`;
    script.onload = () => {
      const { ort } = /** @type {any} */ (window);
      ort.env.wasm.wasmPaths = new URL(PLACE, document.baseURI).href;
      ort.env.wasm.numThreads = 1; // more of them need headers that would keep a backend's files from this page
      resolve();
    };
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error('the runtime of ONNX models is not installed where this page comes from: run `marcelle-rt dashboard` on that machine and load a checkpoint in its page, which installs it for this page too'));
    };
    document.head.append(script);
  });
  return loading;
}
