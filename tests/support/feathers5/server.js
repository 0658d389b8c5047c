// A Feathers 5 server over Socket.IO 4 whose services live in memory and are made when first asked for.
// Arguments: the folder that holds node_modules. It ends with its stdin.
'use strict';

const path = require('path');
const { createRequire } = require('module');

const load = createRequire(path.join(process.argv[2], 'package.json'));
const { feathers } = load('@feathersjs/feathers');
const express = load('@feathersjs/express');
const socketio = load('@feathersjs/socketio');
const { memory } = load('@feathersjs/memory');

process.stdin.on('end', () => process.exit(0)).resume();

const app = express.default(feathers());
app.use(express.json());
app.configure(express.rest());
app.use(express.errorHandler({ logger: false }));
app.configure(socketio({ cors: { origin: '*' } }));
app.on('connection', (connection) => app.channel('everybody').join(connection));
app.publish(() => app.channel('everybody'));

const serve = (name) =>
  app.use(name, memory({ id: '_id', multi: true, paginate: { default: 100, max: 1000 } }));

// Feathers listens on a socket to the methods of the services that are there when it connects.
serve('runs');

// As the Marcelle backend does: the service of a call is made before Feathers looks for it.
const lookup = app.lookup.bind(app);
app.lookup = (route) => {
  const name = (route || '').replace(/^\/+/, '').split('/')[0];
  if (name && !Object.keys(app.services).includes(name)) serve(name);
  return lookup(route);
};

app
  .listen(0, '127.0.0.1')
  .then((server) => process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`));
