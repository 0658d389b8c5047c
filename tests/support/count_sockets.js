// Loaded into a server before its own code: keeps the number of its open WebSockets in the file $SOCKETS.
'use strict';

const fs = require('fs');
const http = require('http');

let open = 0;
const change = (by) => fs.writeFileSync(process.env.SOCKETS, String((open += by)));
change(0);

/** @type {(...args: any[]) => boolean} */
const emit = http.Server.prototype.emit;
/** @param {any[]} args */
http.Server.prototype.emit = function (...args) {
  const [event, , socket] = args;
  if (event === 'upgrade' && this.listening) {
    // A server that does not listen is handed the sockets of one that does.
    change(1);
    socket.on('close', () => change(-1));
  }
  return emit.apply(this, args);
};
