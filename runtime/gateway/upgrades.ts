/** What a server does with connections that offer another protocol. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Upgrade } from './caller-socket';

/** Whoever takes WebSockets. */
export interface WebSocketTaker {
  upgrade(upgrade: Upgrade): void;
}

/** For the event `upgrade` of a server: WebSockets go to `taker`, all else to `plain` as if nothing had been offered. */
export function onUpgrade(taker: WebSocketTaker, plain: Server): Listener {
  return (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') taker.upgrade({ request, socket, head });
    else plain.emit('connection', withoutUpgrade(request, socket, head));
  };
}

type Listener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * The connection as it would be had it not offered another protocol. Java's client and curl offer HTTP/2 with their first
 * request in the clear; a server that doesn't want it answers as if nothing was said (RFC 9110, section 7.8).
 */
function withoutUpgrade(
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Duplex {
  const lines = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() !== 'upgrade' ? [`${name}: ${rawHeaders[index + 1] ?? ''}\r\n`] : [],
  );
  const start = `${method ?? 'GET'} ${url ?? '/'} HTTP/${httpVersion}\r\n${lines.join('')}\r\n`;
  socket.unshift(Buffer.concat([Buffer.from(start, 'latin1'), head]));
  return socket;
}
