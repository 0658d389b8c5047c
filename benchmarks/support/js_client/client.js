// A client of the packages, and with the settings, of Marcelle's own data store.
// Arguments: the folder that holds node_modules, the backend's URL. It does one command at a time, a line of JSON on
// stdin each, and answers each with a line of JSON on stdout. It ends with its stdin.
'use strict';

const path = require('path');
const readline = require('readline');
const { createRequire } = require('module');

const load = createRequire(path.join(process.argv[2], 'package.json'));
const feathers = load('@feathersjs/feathers');
const socketio = load('@feathersjs/socketio-client');
const io = load('socket.io-client');

const socket = io(process.argv[3], { transports: ['websocket'] });
const app = feathers();
app.configure(socketio(socket, { timeout: 15000 }));

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const heard = [];
const wallClock = () => (performance.timeOrigin + performance.now()) / 1000;

const commands = {
  // The seconds that `count` reads take, one after the other.
  async sequential({ service, id, count }) {
    const start = performance.now();
    for (let i = 0; i < count; i++) await app.service(service).get(id);
    return (performance.now() - start) / 1000;
  },
  // The same, all under way at once.
  async pipelined({ service, id, count }) {
    const start = performance.now();
    await Promise.all(Array.from({ length: count }, () => app.service(service).get(id)));
    return (performance.now() - start) / 1000;
  },
  // Patches a document; answers when that began, in seconds since 1970.
  async patch({ service, id, data, query }) {
    const start = wallClock();
    await app.service(service).patch(id, data, { query });
    return start;
  },
  // Answers from now on the requests for predictions of a task, with the sum.
  async answer({ task }) {
    const requests = app.service('predict-requests');
    requests.on('created', ({ _id, task: asked, x }) => {
      if (asked !== task) return;
      const sum = x.reduce((all, value) => all + value, 0);
      requests.patch(_id, { state: 'answered', y: { label: 'sum', confidences: { sum } } });
    });
    return true;
  },
  // Notes from now on when each document of a service was created, by its number `n`.
  async listen({ service }) {
    app.service(service).on('created', ({ n }) => heard.push([n, wallClock()]));
    return true;
  },
  // What was noted: pairs of a number and seconds since 1970.
  async heard() {
    return heard;
  },
};

readline
  .createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const command = JSON.parse(line);
    answer(await commands[command.do](command));
  })
  .on('close', () => process.exit(0));

socket.once('connect', () => answer({ connected: true }));
