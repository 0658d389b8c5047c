// Runs the stock Marcelle backend, on MongoDB or NeDB, on a port that is free, and outlives failures as `marcelle-backend` does.
// Arguments: the folder that holds node_modules; settings are in $NODE_CONFIG. It ends with its stdin.
'use strict';

const path = require('path');
const { createRequire } = require('module');

const load = createRequire(path.join(process.argv[2], 'package.json'));

// The first line on stdout is the answer to Python; what the backend prints goes to its log, which is stderr.
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
process.stdin.on('end', () => process.exit(0)).resume();
process.on('unhandledRejection', (reason) => console.error('Not handled:', reason));

const app = load('@marcellejs/backend/lib/app').default;
Promise.resolve(app.get('mongoClient')).then(() => {
  const server = app.listen(0, '127.0.0.1');
  server.on('listening', () => answer(`${JSON.stringify({ port: server.address().port })}\n`));
});
