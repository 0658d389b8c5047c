// The Marcelle backend as it comes, with nothing in front of it. Arguments as for marcelle_rt/backend/serve.js.
'use strict';

const path = require('path');
const { createRequire } = require('module');

const [folder, host, port] = process.argv.slice(2);
process.stdin.on('end', () => process.exit(0)).resume();
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
const app = createRequire(path.join(folder, 'package.json'))('@marcellejs/backend/lib/app').default;
const server = app.listen(Number(port), host);
server.on('listening', () => write(`${JSON.stringify({ port: server.address().port })}\n`));
