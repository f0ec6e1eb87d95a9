/**
 * A Lambda handler that streams what a gateway answers. Lambda doesn't say when a caller has hung up, and ends a call after
 * at most 15 minutes: shortly before, the request's signal is aborted, and a body that still comes is cut off.
 */
import type { StreamifyHandler } from 'aws-lambda';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { OutOfTime } from '../runtime/gateway/out-of-time';
import type { Background } from './background';
import { requestOf, type UrlEvent } from './url-event';

export interface UrlHandlerOptions {
  readonly answer: (request: Request) => Promise<Response>;
  readonly background: Background;
  /** Told of every call that was answered. */
  readonly onAnswer: (request: Request, response: Response) => void;
}

/** What is left of the time of a call when it is given up: enough to cancel a request and to say so. */
const RESERVED_MS = 5_000;

export function urlHandler({ answer, background, onAnswer }: UrlHandlerOptions): StreamifyHandler<UrlEvent, void> {
  return async (event, responseStream, context) => {
    const ending = new AbortController();
    const remaining = Math.max(0, context.getRemainingTimeInMillis() - RESERVED_MS);
    const timer = setTimeout(() => {
      ending.abort(new OutOfTime('The time of this call is over'));
    }, remaining);
    try {
      const response = await answered(event, ending.signal, { answer, onAnswer });
      // What is answered because the time is over is short, and sent whole.
      await send(response, responseStream, ending.signal.aborted ? undefined : ending.signal);
    } finally {
      clearTimeout(timer);
      await background.settled();
    }
  };
}

async function answered(
  event: UrlEvent,
  signal: AbortSignal,
  { answer, onAnswer }: Pick<UrlHandlerOptions, 'answer' | 'onAnswer'>,
): Promise<Response> {
  let request: Request;
  try {
    request = requestOf(event, signal);
  } catch {
    return Response.json({ detail: 'The request is malformed' }, { status: 400 });
  }
  const response = await answer(request);
  onAnswer(request, response);
  return response;
}

/** Rejects when the body breaks off, which makes Lambda break the connection: the caller must not take it for whole. */
async function send(response: Response, responseStream: Writable, signal?: AbortSignal): Promise<void> {
  const stream = awslambda.HttpResponseStream.from(responseStream, metadata(response));
  // Status and headers go out with the first write, and callers of event streams wait for them.
  stream.write('');
  if (response.body !== null) await copy(response.body, stream, signal);
  stream.end();
  await finished(stream, { readable: false });
}

async function copy(body: ReadableStream<Uint8Array>, stream: Writable, signal?: AbortSignal): Promise<void> {
  const reader = body.getReader();
  const stop = (): void => {
    void reader.cancel(signal?.reason);
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (!stream.write(next.value)) await once(stream, 'drain', { signal });
    }
    signal?.throwIfAborted();
  } catch (error) {
    await reader.cancel(error).catch(() => undefined);
    stream.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function metadata({ status, headers }: Response): Record<string, unknown> {
  const { 'set-cookie': _apart, ...others } = Object.fromEntries(headers);
  return { statusCode: status, headers: others, cookies: headers.getSetCookie() };
}
