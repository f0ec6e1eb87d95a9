/** A WebSocket message by message, with back-pressure both ways; the same at the gateway and at the agent. */
import type { RawData, WebSocket } from 'ws';
import type { WebSocketClose, WebSocketMessage } from './ports';

export interface MessageSocketOptions {
  /** Keep at most so many unread messages and drop the oldest beyond; without it a fast sender is slowed down. */
  readonly newest?: number;
}

/** Unread messages, in number and bytes, at which the sender is made to wait. */
const MAX_UNREAD = 64;
const MAX_UNREAD_BYTES = 1024 * 1024;

/** Bytes not yet taken by the network at which our own sender waits. */
const MAX_UNSENT_BYTES = 1024 * 1024;

export class MessageSocket {
  readonly closed: Promise<WebSocketClose>;
  readonly #unread: WebSocketMessage[] = [];
  #unreadBytes = 0;
  #ended = false;
  #wake: () => void = () => undefined;

  /** Takes over an open socket: nobody else may listen to it. */
  constructor(
    private readonly socket: WebSocket,
    private readonly options: MessageSocketOptions = {},
  ) {
    socket.on('message', (data, isBinary) => {
      this.receive(isBinary ? bytesOf(data) : bytesOf(data).toString());
    });
    // An error is always followed by the end, which says all that can be done about it.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.#ended = true;
        this.#wake();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** Everything received, in order, until the end of the connection. To be read by one reader. */
  async *messages(): AsyncGenerator<WebSocketMessage, void> {
    for (;;) {
      const message = this.#unread.shift();
      if (message !== undefined) {
        this.#unreadBytes -= message.length;
        if (this.socket.isPaused && !this.crowded) this.socket.resume();
        yield message;
      } else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Resolves when there is room for more; what is sent after the end is dropped. */
  send(message: WebSocketMessage): Promise<void> {
    return new Promise((resolve) => {
      this.socket.send(message, { binary: typeof message !== 'string' }, () => {
        resolve();
      });
      if (this.socket.bufferedAmount < MAX_UNSENT_BYTES) resolve();
    });
  }

  /** Ends the connection as `end` says; 1006, which can't be sent, breaks it off. */
  close({ code, reason }: WebSocketClose): void {
    if (this.socket.isPaused) this.socket.resume();
    if (code === 1006) this.socket.terminate();
    else if (sendable(code)) this.socket.close(code, shortened(reason));
    else this.socket.close();
  }

  private receive(message: WebSocketMessage): void {
    this.#unread.push(message);
    this.#unreadBytes += message.length;
    if (this.options.newest === undefined) {
      if (this.crowded) this.socket.pause();
    } else if (this.#unread.length > this.options.newest) {
      this.#unreadBytes -= this.#unread.shift()?.length ?? 0;
    }
    this.#wake();
  }

  private get crowded(): boolean {
    return this.#unread.length >= MAX_UNREAD || this.#unreadBytes >= MAX_UNREAD_BYTES;
  }
}

/** Keeps what lies between from taking a silent connection for a dead one, and ends it when it is dead. */
export function keepAsking(socket: WebSocket, everyMs: number): void {
  let alive = true;
  socket.on('pong', () => (alive = true));
  const pings = setInterval(() => {
    // While its messages wait to be read, so do its pongs.
    if (!alive && !socket.isPaused) {
      socket.terminate();
      return;
    }
    alive = false;
    socket.ping();
  }, everyMs).unref();
  socket.once('close', () => {
    clearInterval(pings);
  });
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** Codes that an endpoint may send (RFC 6455, section 7.4, and the IANA registry behind it). */
function sendable(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
}

/** A control frame has room for 123 bytes of reason. */
function shortened(reason: string): string {
  let text = reason.slice(0, 123);
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}
