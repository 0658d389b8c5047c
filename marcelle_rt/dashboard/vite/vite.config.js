// How Vite serves and builds the page.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const MARCELLE = './node_modules/@marcellejs/core/dist/marcelle.bundle.esm.js';

export default defineConfig({
  base: './', // the built page works in any folder of a web server
  resolve: {
    // Marcelle's own bundle: of its modules no bundler takes @mediapipe/pose, which is a script and exports nothing.
    alias: [{ find: /^@marcellejs\/core$/, replacement: fileURLToPath(new URL(MARCELLE, import.meta.url)) }],
  },
  build: { chunkSizeWarningLimit: 8000 }, // in kB: TensorFlow.js is in it
});
