/** A caller that speaks bare WebSocket, as tests look at it: every message in order, then the end. */
import { WebSocket, type ClientOptions } from 'ws';

export class WebSocketCaller {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  private readonly messages: string[] = [];
  private wake: () => void = () => undefined;
  private ended = false;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data, isBinary) => {
      this.messages.push(isBinary ? `bytes ${(data as Buffer).toString('hex')}` : (data as Buffer).toString());
      this.wake();
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.ended = true;
        this.wake();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** Resolves once connected; rejects with the status of a refused handshake. */
  static async connect(
    url: string,
    options: ClientOptions & { readonly protocols?: readonly string[] } = {},
  ): Promise<WebSocketCaller> {
    const { protocols = [], ...rest } = options;
    const caller = new WebSocketCaller(new WebSocket(url.replace(/^http/, 'ws'), [...protocols], rest));
    await new Promise<void>((resolve, reject) => {
      caller.socket.once('open', resolve);
      caller.socket.on('error', reject);
    });
    return caller;
  }

  send(message: string | Uint8Array): void {
    this.socket.send(message);
  }

  /** The next message; binary ones in hexadecimal behind `bytes`. Rejects when the connection ended before it came. */
  async next(): Promise<string> {
    while (this.messages.length === 0) {
      if (this.ended) throw new Error('The connection ended without another message');
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return this.messages.shift() ?? '';
  }

  async ask(message: string): Promise<string> {
    this.send(message);
    return this.next();
  }
}
