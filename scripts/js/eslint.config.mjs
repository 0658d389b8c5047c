// What is looked for in all JavaScript of the repository. CHECKS is the folder that holds node_modules.
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.CHECKS}/`);
const js = require('@eslint/js');
const globals = require('globals');

const PAGES = ['marcelle_rt/demo/page/**', 'marcelle_rt/demo/interactive/page/**', 'marcelle_rt/dashboard/page/**', 'marcelle_rt/dashboard/vite/**', 'marcelle_rt/browser/**'];

export default [
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-implicit-coercion': 'error',
      'no-param-reassign': 'error',
      'no-shadow': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'prefer-template': 'error',
    },
  },
  {
    ignores: PAGES,
    languageOptions: { sourceType: 'commonjs', globals: globals.node },
    rules: { strict: ['error', 'global'] },
  },
  { files: PAGES, languageOptions: { sourceType: 'module', globals: globals.browser } },
];
