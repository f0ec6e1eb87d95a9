/** HTTP to the app beside the agent, over kept connections on the loopback interface. */
import { createConnection } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, type Dispatcher } from 'undici';
import type { Headers, RequestInput } from '../ports';
import { openAppSocket, type AppSocket } from './app-web-socket';

export interface AppCall {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

export type AppAnswer = Dispatcher.ResponseData;

/** Below the 5 s after which common servers close an idle connection, so that no call meets a closing one. */
const KEEP_ALIVE_MS = 4_000;

/** Names that belong to one connection; the client makes its own. */
const NOT_FORWARDED = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

export class AppClient {
  readonly #pool: Pool;

  constructor(private readonly url: string) {
    // The agent's own timers end a call: an app may think for an hour before it answers.
    this.#pool = new Pool(url, { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS });
  }

  call({ method, target, headers, body }: AppCall, signal?: AbortSignal): Promise<AppAnswer> {
    const forwarded: Record<string, string> = {};
    for (const name in headers) if (!NOT_FORWARDED.has(name)) forwarded[name] = headers[name] ?? '';
    return this.#pool.request({
      method: method,
      path: target,
      headers: forwarded,
      body: body instanceof Uint8Array ? sent(method, body) : Readable.from(body),
      signal: signal ?? null,
    });
  }

  /** Asks the app for a WebSocket; see `openAppSocket`. */
  connect(input: RequestInput, signal: AbortSignal): Promise<AppSocket> {
    return openAppSocket(this.url, input, signal);
  }

  /** True when the app's port accepts a connection within `timeoutMs`: fal's TCP health check. */
  accepts(timeoutMs: number): Promise<boolean> {
    const { hostname, port } = new URL(this.url);
    return new Promise((resolve) => {
      const socket = createConnection({ host: hostname, port: Number(port), timeout: timeoutMs });
      const settle = (answer: boolean): void => {
        socket.destroy();
        resolve(answer);
      };
      socket.once('connect', () => {
        settle(true);
      });
      socket.once('timeout', () => {
        settle(false);
      });
      socket.once('error', () => {
        settle(false);
      });
    });
  }

  /** Resolves when the app's port accepts connections. */
  async untilAccepting(signal: AbortSignal): Promise<void> {
    for (let pause = 10; !(await this.accepts(1_000)); pause = Math.min(pause * 2, 500)) {
      await sleep(pause, undefined, { signal });
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** An empty body is sent as one where a body is expected, and left out elsewhere. */
function sent(method: string, body: Uint8Array): Uint8Array | null {
  return body.length > 0 || method === 'POST' || method === 'PUT' || method === 'PATCH' ? body : null;
}
