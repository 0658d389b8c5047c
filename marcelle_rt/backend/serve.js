// Runs a guarded Marcelle backend for the Python process that started it, and ends with it.
// Arguments: the folder that holds node_modules, the host and the port (0: any free one). $MARCELLE_GUARD: what the
// guard is told, as JSON. $MARCELLE_ORDERS: the descriptor of the socket on which the owner gives orders, if any.
'use strict';

const path = require('path');
const { createRequire, enableCompileCache } = require('module');

const [folder, host, port] = process.argv.slice(2);
// The backend is some 1,000 modules, which are not compiled anew at each start. Where nothing can be kept, they are.
enableCompileCache?.(path.join(folder, 'compiled'));

const { guarded } = require('./guard');
const users = require('./users');

// The first line on stdout is the answer to Python; what the backend prints goes to its log, which is stderr.
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
const tell = (message) => answer(`${JSON.stringify(message)}\n`);

// stdin is a pipe from Python: it ends when Python stops the backend, and also when Python is killed.
process.stdin.on('end', () => process.exit(0)).resume();

const backend = createRequire(path.join(folder, 'package.json')).resolve('@marcellejs/backend/lib/app');
guarded(createRequire(backend), { host, ...JSON.parse(process.env.MARCELLE_GUARD) }).then(({ app, server }) => {
  if (process.env.MARCELLE_ORDERS) users.serve(app, Number(process.env.MARCELLE_ORDERS));
  const cannotListen = (error) => {
    tell({ error: error.code });
    process.exitCode = 1;
    process.stdin.destroy();
  };
  server.once('error', cannotListen);
  server.on('listening', () => {
    server.off('error', cannotListen);
    server.on('error', (error) => console.error('The server failed:', error));
    tell({ port: /** @type {import('net').AddressInfo} */ (server.address()).port });
  });
  server.listen(Number(port), host);
});
