// Runs a Marcelle backend for the Python process that started it, and ends with it.
// Arguments: the folder that holds node_modules, the host and the port (0: any free one).
'use strict';

const path = require('path');
const { createRequire } = require('module');

const [folder, host, port] = process.argv.slice(2);

// The first line on stdout is the answer to Python; what the backend prints goes to its log, which is stderr.
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
const tell = (message) => answer(`${JSON.stringify(message)}\n`);

// stdin is a pipe from Python: it ends when Python stops the backend, and also when Python is killed.
process.stdin.on('end', () => process.exit(0)).resume();
process.on('unhandledRejection', (reason) => console.error('Unhandled rejection:', reason));

const app = createRequire(path.join(folder, 'package.json'))('@marcellejs/backend/lib/app').default;
const server = app.listen(Number(port), host);
server.on('listening', () => tell({ port: server.address().port }));
server.on('error', (error) => {
  tell({ error: error.code });
  process.exitCode = 1;
  process.stdin.destroy();
});
