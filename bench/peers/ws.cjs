// A broadcaster on node's package ws: `node ws.cjs PORT [CHAIN KEY]`; with these two over TLS.
'use strict';
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { WebSocketServer } = require('ws');

const rooms = new Map();

function enter(socket, name) {
  const room = rooms.get(name) ?? new Set();
  rooms.set(name, room.add(socket));
  socket.send('joined');
  socket.on('close', () => room.delete(socket));
  socket.on('message', (data) => {
    for (const one of room) one.send(data, { binary: false });
  });
}

const [port, chain, key] = process.argv.slice(2);
const server = chain
  ? https.createServer({ cert: readFileSync(chain), key: readFileSync(key) })
  : http.createServer();
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.once('message', (name) => enter(socket, name.toString()));
});
server.listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 });
