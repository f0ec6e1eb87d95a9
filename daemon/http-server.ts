/** The platform's own HTTP or HTTPS server. */
import { createServer as createHttpServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createNetServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { UserError } from '../runtime/domain/user-error';
import { onUpgrade, type WebSocketTaker } from '../runtime/gateway/upgrades';
import { developmentCertificate } from './development-certificate';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Speak HTTPS too, on the same port. */
  readonly https: boolean;
  /** Where the development CA is kept. */
  readonly certificateFolder: string;
}

export interface HttpServer {
  readonly url: string;
  /** The same server by HTTPS, on the same port; only with `https`. */
  readonly secure?: { readonly url: string; readonly caPath: string };
  /** Breaks off what is still open. */
  close(): Promise<void>;
}

/** Longer than the pauses of polling clients, so that they keep their connections. */
const KEEP_ALIVE_MS = 75_000;

/** An upload may take as long as it takes, and a caller of `run` waits for as long as the app works. */
const SERVER_OPTIONS = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 };

/**
 * fal's Python client reads and writes the connection of a WebSocket from two threads at once, which OpenSSL doesn't allow.
 * With TLS 1.3 what it reads then is the ticket behind the handshake, and now and then its own request is never sent: it
 * waits until it gives up. TLS 1.2 has nothing to read there, and is good enough on one machine.
 */
const MAX_TLS = 'TLSv1.2';

/** What the server hands connections to. */
export interface Routes {
  readonly gateway: Hono;
  readonly webSockets: WebSocketTaker;
}

/** Starts listening. A UserError says that the port is taken or the host is not this machine's. */
export async function listen({ gateway, webSockets }: Routes, options: HttpServerOptions): Promise<HttpServer> {
  const answer = getRequestListener(gateway.fetch);
  const listener: RequestListener = (request, response) => {
    writeOnceATurn(response);
    void answer(request, response);
  };
  const plain = createHttpServer(SERVER_OPTIONS, listener);
  const upgrade = onUpgrade(webSockets, plain);
  plain.on('upgrade', upgrade);
  if (!options.https) {
    const close = closing(plain);
    const { port } = await bound(plain, options);
    return { url: urlOf('http', options.host, port), close };
  }
  const { key, cert, caPath } = await developmentCertificate(options.certificateFolder, [options.host]);
  const secure = createHttpsServer({ ...SERVER_OPTIONS, key, cert, maxVersion: MAX_TLS }, listener).on(
    'upgrade',
    upgrade,
  );
  const both = createNetServer((socket) => {
    byProtocol(socket, plain, secure);
  });
  const close = closing(both);
  const { port } = await bound(both, options);
  return {
    url: urlOf('http', options.host, port),
    secure: { url: urlOf('https', options.host, port), caPath },
    close,
  };
}

/** Lets the head of a stream go out with what can be sent at once: a write costs more than all that leads to it. */
function writeOnceATurn(response: ServerResponse): void {
  response.cork();
  setImmediate(() => {
    response.uncork();
  });
}

/** The first byte of a TLS connection (record type "handshake", RFC 8446 section 5.1); no HTTP method begins with it. */
const TLS_HANDSHAKE = 22;

/** Gives a connection to the server whose protocol it speaks, so that one port serves http and https. */
function byProtocol(socket: Socket, plain: Server, secure: Server): void {
  socket.on('error', () => socket.destroy());
  socket.once('data', (bytes) => {
    socket.pause();
    socket.unshift(bytes);
    (bytes[0] === TLS_HANDSHAKE ? secure : plain).emit('connection', socket);
    process.nextTick(() => socket.resume());
  });
}

function urlOf(scheme: string, host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${name}:${port}`;
}

/**
 * How to close a server with all its connections. Node's `closeAllConnections` leaves out WebSockets, and whatever was given
 * to a server that does not itself listen.
 */
function closing(server: NetServer): () => Promise<void> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      for (const socket of open) socket.destroy();
    });
}

function bound(server: NetServer, { host, port }: HttpServerOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError(error, host, port));
    });
    server.listen(port, host, () => {
      resolve(server.address() as AddressInfo);
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new UserError(`Port ${port} on ${host} is in use: choose another with --port, or 0 for any free one`);
    case 'EACCES':
      return new UserError(`Port ${port} may not be opened by this user: choose one above 1023 with --port`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UserError(`${host} is no address of this machine: choose another with --host`);
    default:
      return error;
  }
}
