/**
 * What gateway and runner say to each other about a caller's WebSocket, over a WebSocket of their own. Binary messages are
 * the caller's and the app's; text messages, in JSON, are about the connection itself. Both ends keep the order.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { RefusedHandshake, WebSocketClose, WebSocketMessage } from './ports';

export type RelayFrame =
  | { readonly kind: 'message'; readonly message: WebSocketMessage }
  /** The runner's: what to do with the caller's connection. */
  | { readonly kind: 'accept'; readonly protocol?: string }
  | { readonly kind: 'refuse'; readonly answer: RefusedHandshake }
  | { readonly kind: 'close'; readonly end: WebSocketClose }
  /** The gateway's: the connection has ended, or does as the runner said, and nothing more will be sent to the caller. */
  | { readonly kind: 'closed'; readonly end: WebSocketClose };

/** The code with which a runner leaves: what becomes of the caller is said by the outcome of its request. */
export const LEFT = 1000;

/** The largest message that a relay takes: that of callers and apps, and the byte before it. */
export const MAX_FRAME_BYTES = 100 * 1024 ** 2 + 1;

/** Before the bytes of a message. */
const TEXT = Buffer.of(0);
const BYTES = Buffer.of(1);

export function encoded(frame: RelayFrame): WebSocketMessage {
  if (frame.kind === 'message') {
    const { message } = frame;
    return typeof message === 'string' ? Buffer.concat([TEXT, Buffer.from(message)]) : Buffer.concat([BYTES, message]);
  }
  if (frame.kind !== 'refuse') return JSON.stringify(frame);
  const { body, ...answer } = frame.answer;
  return JSON.stringify({ kind: 'refuse', answer: { ...answer, body: Buffer.from(body).toString('base64') } });
}

/** Throws for what no relay sends: at the other end may be anybody who got hold of a request's secret. */
export function decoded(received: WebSocketMessage): RelayFrame {
  if (typeof received !== 'string') return { kind: 'message', message: messageIn(received) };
  const frame = record(JSON.parse(received));
  switch (frame.kind) {
    case 'accept':
      return { kind: 'accept', ...(frame.protocol === undefined ? {} : { protocol: token(frame.protocol) }) };
    case 'refuse':
      return { kind: 'refuse', answer: refusal(record(frame.answer)) };
    case 'close':
    case 'closed':
      return { kind: frame.kind, end: end(record(frame.end)) };
    default:
      throw malformed();
  }
}

function messageIn(received: Uint8Array): WebSocketMessage {
  const bytes = received.subarray(1);
  if (received[0] === TEXT[0]) return Buffer.from(bytes).toString();
  if (received[0] === BYTES[0]) return bytes;
  throw malformed();
}

function refusal({ status, headers, body }: Readonly<Record<string, unknown>>): RefusedHandshake {
  if (!Number.isInteger(status) || Number(status) < 200 || Number(status) > 599) throw malformed();
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(record(headers))) {
    validateHeaderName(name);
    validateHeaderValue(name, text(value));
    checked[name] = text(value);
  }
  return { status: Number(status), headers: checked, body: Buffer.from(text(body), 'base64') };
}

function end({ code, reason }: Readonly<Record<string, unknown>>): WebSocketClose {
  if (!Number.isInteger(code)) throw malformed();
  return { code: Number(code), reason: text(reason) };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw malformed();
  return value as Readonly<Record<string, unknown>>;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw malformed();
  return value;
}

/** A token of HTTP, as names of subprotocols are. */
function token(value: unknown): string {
  const name = text(value);
  validateHeaderName(name);
  return name;
}

function malformed(): Error {
  return new Error('The other end of the relay said what no relay says');
}
