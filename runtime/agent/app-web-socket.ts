/** The WebSocket handshake with the app beside the agent. */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Headers, RefusedHandshake, RequestInput } from '../ports';
import { MessageSocket } from '../web-socket';
import { callerHeaders } from './verdict';

/** What the app said to the handshake. */
export type AppSocket =
  | { readonly socket: MessageSocket; readonly protocol?: string }
  | { readonly socket?: undefined; readonly answer: RefusedHandshake };

/** The agent shakes hands itself: what belongs to the caller's own handshake stays behind. */
const NOT_FORWARDED =
  /^(?:host|connection|upgrade|keep-alive|content-length|transfer-encoding|te|expect|sec-websocket-(?:key|version|extensions|accept))$/;

/** More of a refusal than this tells nobody anything. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/** Rejects when the app can't be reached, or `signal` is aborted before it has answered. */
export function openAppSocket(
  appUrl: string,
  { target, headers }: RequestInput,
  signal: AbortSignal,
): Promise<AppSocket> {
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(appUrl.replace(/^http/, 'ws') + target, {
      headers: forwarded(headers),
      perMessageDeflate: false,
      followRedirects: false,
    });
    const socket = new MessageSocket(webSocket);
    const abort = (): void => {
      webSocket.terminate();
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    let protocol: string | undefined;
    webSocket.once('upgrade', ({ headers: answered }) => {
      // Whether the choice is right is the caller's to judge; here it would be taken for an answer nobody asked for.
      protocol = answered['sec-websocket-protocol'];
      delete answered['sec-websocket-protocol'];
    });
    webSocket.once('open', () => {
      signal.removeEventListener('abort', abort);
      resolve({ socket, ...(protocol === undefined ? {} : { protocol }) });
    });
    webSocket.once('unexpected-response', (_request, response: IncomingMessage) => {
      refusalBy(response).then((answer) => {
        resolve({ answer });
      }, reject);
    });
    webSocket.once('error', reject);
  });
}

function forwarded(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_FORWARDED.test(name)));
}

async function refusalBy(response: IncomingMessage): Promise<RefusedHandshake> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.push(piece);
    size += piece.length;
    if (size > MAX_REFUSAL_BYTES) break;
  }
  return {
    status: response.statusCode ?? 502,
    headers: callerHeaders(response.headers),
    body: Buffer.concat(pieces).subarray(0, MAX_REFUSAL_BYTES),
  };
}
