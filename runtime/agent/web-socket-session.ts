/** A caller's WebSocket carried to the app and back, from the app's handshake to the end of either side. */
import type { CallerSocket, RefusedHandshake, RequestInput, WebSocketClose } from '../ports';
import type { MessageSocket } from '../web-socket';
import type { AppSocket } from './app-web-socket';

/** How a session ended by itself. */
export type SessionEnd =
  /** Either side said goodbye. */
  | { readonly by: 'app' | 'caller'; readonly close: WebSocketClose }
  /** The app answered the handshake with a status. */
  | { readonly by: 'refusal'; readonly answer: RefusedHandshake };

/** A request whose answer is a WebSocket; the gateway takes the header from every other. */
export function asksForWebSocket({ headers }: RequestInput): boolean {
  return headers.upgrade === 'websocket';
}

export class WebSocketSession {
  #open: MessageSocket | undefined;
  #end: SessionEnd | undefined;

  constructor(private readonly caller: CallerSocket) {}

  /** Whether the caller has been connected with the app. */
  get begun(): boolean {
    return this.#open !== undefined;
  }

  /**
   * Carries messages until the session ends. Rejects when the app can't be reached or `signal` is aborted; the caller is
   * left as it is then.
   */
  async run(connect: Promise<AppSocket>, signal: AbortSignal): Promise<SessionEnd> {
    const { caller } = this;
    const app = await Promise.race([connect, goneBefore(caller)]);
    if (app === undefined) {
      void connect.then((late) => late.socket?.close(LEAVING)).catch(() => undefined);
      return { by: 'caller', close: await caller.closed };
    }
    if (app.socket === undefined) {
      await caller.refuse(app.answer);
      return { by: 'refusal', answer: app.answer };
    }
    this.#open = app.socket;
    try {
      await caller.accept(app.protocol);
      return await Promise.race([this.fromApp(app.socket), this.fromCaller(app.socket), whenAborted(signal)]);
    } finally {
      app.socket.close(LEAVING);
    }
  }

  private async fromApp(app: MessageSocket): Promise<SessionEnd> {
    for await (const message of app.messages()) await this.caller.send(message);
    const close = await app.closed;
    const end = this.ended({ by: 'app', close });
    // A connection that the app broke off is no fault of the caller's, which 1006 would look like.
    await this.caller.close(close.code === 1006 ? CUT_OFF_BY_APP : close);
    return end;
  }

  private async fromCaller(app: MessageSocket): Promise<SessionEnd> {
    for await (const message of this.caller.messages()) await app.send(message);
    const close = await this.caller.closed;
    const end = this.ended({ by: 'caller', close });
    app.close(close);
    await app.closed;
    return end;
  }

  /** Each side's end brings about the other's: the first one counts. */
  private ended(end: SessionEnd): SessionEnd {
    return (this.#end ??= end);
  }
}

const LEAVING: WebSocketClose = { code: 1001, reason: '' };

const CUT_OFF_BY_APP: WebSocketClose = { code: 1011, reason: 'The app broke the connection off' };

async function goneBefore(caller: CallerSocket): Promise<undefined> {
  await caller.closed;
  return undefined;
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => {
      reject(new Error('The session was broken off'));
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
