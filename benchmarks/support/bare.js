// The backend without the guard, as marcelle_rt started it before it had one; arguments as for serve.js.
'use strict';

const path = require('path');
const { createRequire } = require('module');

const [folder, host, port] = process.argv.slice(2);
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
process.stdin.on('end', () => process.exit(0)).resume();
const app = createRequire(path.join(folder, 'package.json'))('@marcellejs/backend/lib/app').default;
const server = app.listen(Number(port), host);
server.on('listening', () => answer(`${JSON.stringify({ port: server.address().port })}\n`));
