/** Takes an app's answer in: small ones inline, large ones into the blob store, streamed ones also piece by piece. */
import type { BlobStore, Body, Headers, RequestEvent, StoredResponse } from '../ports';
import type { AppAnswer } from './app-client';
import { callerHeaders } from './verdict';

export interface AnswerIntake {
  readonly blobs: Pick<BlobStore, 'put'>;
  /** Where a large body is put. */
  readonly blobKey: string;
  /** Set beside the app's own headers. */
  readonly extraHeaders: Headers;
  readonly now: () => number;
  /** Told the head and the pieces of a streamed answer as they come. */
  readonly onEvent: (event: RequestEvent) => void;
}

/** Answers up to this size are kept inline with the request. */
const INLINE_BYTES = 256 * 1024;

/** Resolves when the whole answer is stored or in memory. Rejects when the app breaks it off. */
export async function takeIn(answer: AppAnswer, intake: AnswerIntake): Promise<StoredResponse> {
  const headers: Headers = { ...callerHeaders(answer.headers), ...intake.extraHeaders };
  const status = answer.statusCode;
  const length = Number(answer.headers['content-length'] ?? NaN);
  if (length <= INLINE_BYTES) return { status, headers, body: { bytes: await answer.body.bytes() } };
  const contentType = headers['content-type'] ?? 'application/octet-stream';
  if (length > INLINE_BYTES) return { status, headers, body: await kept(answer.body, contentType, intake) };
  intake.onEvent({ kind: 'response', at: intake.now(), status, headers });
  return { status, headers, body: await kept(passedOn(answer.body, intake), contentType, intake) };
}

async function* passedOn(body: AsyncIterable<Uint8Array>, intake: AnswerIntake): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    intake.onEvent({ kind: 'chunk', at: intake.now(), bytes });
    yield bytes;
  }
}

async function kept(pieces: AsyncIterable<Uint8Array>, contentType: string, intake: AnswerIntake): Promise<Body> {
  const inline: Uint8Array[] = [];
  const iterator = pieces[Symbol.asyncIterator]();
  for (let size = 0; size <= INLINE_BYTES;) {
    const piece = await iterator.next();
    if (piece.done) return { bytes: Buffer.concat(inline) };
    inline.push(piece.value);
    size += piece.value.length;
  }
  await intake.blobs.put(intake.blobKey, continued(inline, iterator), contentType);
  return { blob: intake.blobKey };
}

async function* continued(read: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* read;
  for (let piece = await rest.next(); !piece.done; piece = await rest.next()) yield piece.value;
}
