/** How a runner comes to the callers of its requests, whichever gateway has them. */
import { WebSocket } from 'ws';
import type { CallerSocket, RelayAddress, RelayAddresses, RunnerRelay } from '../ports';
import { MAX_FRAME_BYTES } from '../relay-wire';
import { keepAsking, MessageSocket } from '../web-socket';
import { RelayedCaller } from './relayed-caller';

/** How long a gateway has to answer: it may be gone, and its address nobody's. */
const HANDSHAKE_MS = 10_000;

/** A gateway that went without a word is noticed within two of these. */
const PING_MS = 30_000;

export class GatewayConnections implements RunnerRelay {
  private readonly joined = new Map<string, RelayedCaller>();

  constructor(private readonly addresses: Pick<RelayAddresses, 'get'>) {}

  async join(request: string): Promise<CallerSocket | undefined> {
    const address = await this.addresses.get(request);
    const socket = address && (await connected(address, request));
    if (socket === undefined) return undefined;
    const caller = new RelayedCaller(socket);
    this.joined.set(request, caller);
    return caller;
  }

  leave(request: string): void {
    this.joined.get(request)?.leave();
    this.joined.delete(request);
  }
}

/** `undefined` when the gateway has no such caller any more. */
function connected({ url, secret }: RelayAddress, request: string): Promise<MessageSocket | undefined> {
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(`${url}/${request}`, {
      headers: { authorization: `Bearer ${secret}` },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    });
    // It may speak as soon as it is open.
    const socket = new MessageSocket(webSocket);
    webSocket.once('open', () => {
      keepAsking(webSocket, PING_MS);
      resolve(socket);
    });
    webSocket.once('unexpected-response', (_request, { statusCode }) => {
      if (statusCode === NO_SUCH_CALLER) resolve(undefined);
      else reject(new Error(`The gateway at ${url} answered ${statusCode ?? 'nothing'}`));
      webSocket.terminate();
    });
    webSocket.once('error', (error) => {
      reject(new Error(`The gateway at ${url} can't be reached: ${error.message}`));
    });
  });
}

const NO_SUCH_CALLER = 404;
