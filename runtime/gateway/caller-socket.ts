/** The caller's end of a WebSocket at the gateway, from the request to upgrade until the connection has ended. */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { CallerSocket, RefusedHandshake, WebSocketClose, WebSocketMessage } from '../ports';
import { keepAsking, MessageSocket } from '../web-socket';

/** A connection that asks to become a WebSocket, as Node's server hands it over. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came behind the request. */
  readonly head: Buffer;
}

export interface UpgradedCallerOptions {
  /** Unread messages kept, the oldest dropped (`max_buffering`); without it the caller is slowed down. */
  readonly newest?: number;
  /** How often the caller is asked whether it is still there, ms. */
  readonly pingMs: number;
}

/** Callers don't speak before they are accepted; one who does so much means no good. */
const MAX_HEAD_BYTES = 64 * 1024;

export class UpgradedCaller implements CallerSocket {
  readonly closed: Promise<WebSocketClose>;
  readonly #ended = deferred<WebSocketClose>();
  readonly #opened = deferred<MessageSocket | undefined>();
  readonly #head: Buffer[];
  #answered = false;
  #requestId: string | undefined;

  constructor(
    private readonly upgrade: Upgrade,
    private readonly options: UpgradedCallerOptions,
  ) {
    this.closed = this.#ended.promise;
    this.#head = [upgrade.head];
    const { socket } = upgrade;
    socket.on('error', () => socket.destroy());
    socket.once('close', this.#vanish);
    socket.once('end', this.#vanish);
    socket.on('data', this.#keep);
  }

  /** Named in the answer to the handshake. */
  set requestId(id: string) {
    this.#requestId = id;
  }

  /** Whether the handshake has been answered, or the caller is gone. */
  get answered(): boolean {
    return this.#answered;
  }

  /** The subprotocols the caller offers: one of them must be in the answer, or browsers hang up. */
  get offersProtocols(): boolean {
    return this.upgrade.request.headers['sec-websocket-protocol'] !== undefined;
  }

  accept(protocol?: string): Promise<void> {
    if (this.#answered) return Promise.resolve();
    this.#answer();
    const { request, socket } = this.upgrade;
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      handleProtocols: () => protocol ?? false,
    });
    server.on('headers', (headers) => {
      if (this.#requestId !== undefined) headers.push(`x-fal-request-id: ${this.#requestId}`);
    });
    // A request that is no proper handshake is answered 400 by the server; its connection ends.
    socket.once('close', this.#vanish);
    server.handleUpgrade(request, socket, Buffer.concat(this.#head), (webSocket) => {
      socket.off('close', this.#vanish);
      this.open(webSocket);
    });
    return Promise.resolve();
  }

  refuse(answer: RefusedHandshake): Promise<void> {
    if (this.#answered) return this.close({ code: answer.status < 500 ? 1008 : 1011, reason: textOf(answer) });
    this.#answer();
    const { socket } = this.upgrade;
    const headers = { ...answer.headers, connection: 'close', 'content-length': String(answer.body.length) };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const status = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n`;
    socket.end(Buffer.concat([Buffer.from(`${status}${lines.join('')}\r\n`, 'latin1'), answer.body]), this.#vanish);
    return Promise.resolve();
  }

  async *messages(): AsyncGenerator<WebSocketMessage, void> {
    const socket = await this.#opened.promise;
    if (socket !== undefined) yield* socket.messages();
  }

  async send(message: WebSocketMessage): Promise<void> {
    await (await this.#opened.promise)?.send(message);
  }

  async close(end: WebSocketClose): Promise<void> {
    if (!this.#answered) await this.accept();
    (await this.#opened.promise)?.close(end);
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.#vanish();
  }

  private open(webSocket: WebSocket): void {
    const socket = new MessageSocket(webSocket, this.options);
    keepAsking(webSocket, this.options.pingMs);
    this.upgrade.socket.resume();
    void socket.closed.then(this.#ended.resolve);
    this.#opened.resolve(socket);
  }

  /** Stops watching the bare connection: from now on it is a WebSocket, or ends. */
  #answer(): void {
    this.#answered = true;
    const { socket } = this.upgrade;
    socket.off('data', this.#keep);
    socket.off('end', this.#vanish);
    socket.off('close', this.#vanish);
    socket.pause();
  }

  readonly #keep = (bytes: Buffer): void => {
    this.#head.push(bytes);
    if (this.#head.reduce((size, { length }) => size + length, 0) > MAX_HEAD_BYTES) this.upgrade.socket.destroy();
  };

  readonly #vanish = (): void => {
    this.#answered = true;
    this.#opened.resolve(undefined);
    this.#ended.resolve({ code: 1006, reason: '' });
    this.upgrade.socket.destroy();
  };
}

function textOf({ headers, body }: RefusedHandshake): string {
  return /json|text/.test(headers['content-type'] ?? '') ? Buffer.from(body).toString() : '';
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
