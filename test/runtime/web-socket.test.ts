import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { keepAsking } from '../../runtime/web-socket';

let server: WebSocketServer;
beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    keepAsking(socket, 50);
  });
});
afterEach(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
});

const connected = (options = {}): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, options);

test('a silent connection is pinged again and again', async () => {
  const socket = connected();
  for (let pings = 0; pings < 4; pings++) await once(socket, 'ping');
  expect(socket.readyState).toBe(WebSocket.OPEN);
  socket.terminate();
});

test('a connection whose other end does not answer is broken off', async () => {
  const socket = connected({ autoPong: false });
  expect((await once(socket, 'close'))[0]).toBe(1006);
});
