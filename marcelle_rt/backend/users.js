// Makes, lists, changes and removes users, for whoever may open a socket in the data folder: the backend's owner.
// A connection brings one line of JSON, {do, email, password}, and gets one: {done}, {refused} or {failed}.
'use strict';

const net = require('net');

const LONGEST = 65536; // characters of a line
const PATIENCE = 10000; // ms

/** Why something is not done, in a word that Python knows. */
class Refused extends Error {}

/**
 * What can be done with users. The calls are the backend's own, so that passwords are hashed as for a sign-up.
 * @param {object} app
 */
function actions(app) {
  const users = app.service('users');
  const all = (query) => users.find({ query, paginate: false });

  async function known(email) {
    const [user] = await all({ email });
    if (!user) throw new Refused('unknown');
    return user;
  }

  return {
    async add({ email, password }) {
      const exists = async () => (await all({ email })).length > 0;
      if (await exists()) throw new Refused('exists');
      try {
        await users.create({ email, password });
      } catch (error) {
        throw (await exists()) ? new Refused('exists') : error; // somebody was faster
      }
    },
    async list() {
      const found = await all({ $sort: { email: 1 } });
      return found.map(({ email, role, createdAt }) => ({ email, role, created: createdAt ?? null }));
    },
    async password({ email, password }) {
      await users.patch((await known(email))._id, { password });
    },
    async remove({ email }) {
      const { _id } = await users.remove((await known(email))._id);
      // Their open sockets get no more events; calls of theirs are refused without this.
      if (app.channels.length > 0) app.channel(app.channels).leave((connection) => connection.user?._id === _id);
    },
  };
}

/** When a user was made; of those that an earlier version made it is not known. */
function dated(context) {
  if (!Array.isArray(context.data)) context.data = { ...context.data, createdAt: new Date() };
  return context;
}

/**
 * Takes orders from a socket.
 * @param {object} app
 * @param {number} descriptor A Unix socket that listens.
 */
function serve(app, descriptor) {
  app.service('users').hooks({ before: { create: [dated] } });
  const known = actions(app);

  async function answer(line) {
    try {
      const { do: action, ...values } = JSON.parse(line);
      if (!Object.hasOwn(known, action)) throw new Refused('unknown action');
      if (!Object.values(values).every((value) => typeof value === 'string')) throw new Refused('no text');
      return { done: (await known[action](values)) ?? null };
    } catch (error) {
      if (error instanceof Refused) return { refused: error.message };
      console.error('Users could not be changed:', error);
      return { failed: error.message };
    }
  }

  const server = net.createServer((socket) => {
    let line = '';
    socket.setEncoding('utf8');
    socket.setTimeout(PATIENCE, () => socket.destroy());
    socket.on('error', () => socket.destroy()); // whoever asked is gone
    socket.on('data', async (part) => {
      line += part;
      if (line.length > LONGEST) socket.destroy();
      if (!line.endsWith('\n')) return;
      socket.pause();
      socket.end(`${JSON.stringify(await answer(line))}\n`);
    });
  });
  server.on('error', (error) => console.error('Users can not be changed while this runs:', error));
  server.listen({ fd: descriptor });
}

module.exports = { serve };
