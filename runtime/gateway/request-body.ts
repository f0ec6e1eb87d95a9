/** Takes in the body of a submission: inline when small, as a blob when large, refused when larger than allowed. */
import type { BlobStore, Body } from '../ports';
import { GatewayError, validationError } from './errors';

/** Bodies up to this size are stored with their request; a larger one would make the store slow for everybody. */
export const INLINE_BODY_BYTES = 256 * 1024;

export interface BodyLimits {
  readonly maxBytes: number;
  readonly blobs: BlobStore;
  /** Where a large body is put. */
  readonly blobKey: string;
}

/** Throws 413 as soon as the limit is known to be passed; a declared length is believed without reading. */
export async function readBody(request: Request, limits: BodyLimits): Promise<Body> {
  const declared = contentLength(request);
  if (declared === 0) return { bytes: EMPTY };
  if (declared !== undefined && declared > limits.maxBytes) throw tooLarge(limits.maxBytes);
  if (declared !== undefined && declared <= INLINE_BODY_BYTES) {
    return { bytes: new Uint8Array(await received(request.arrayBuffer())) };
  }
  return request.body === null ? { bytes: EMPTY } : readStream(request.body, request, limits);
}

const EMPTY = new Uint8Array();

/** Throws 422 for a body that is declared as JSON and isn't; what is only in the blob store is left to the app to read. */
export function requireJson(contentType: string | null, body: Body): void {
  if (!('bytes' in body) || body.bytes.length === 0) return;
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType ?? '')) return;
  try {
    JSON.parse(UTF8.decode(body.bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw validationError(['body'], `The body is not valid JSON: ${reason}`, 'json_invalid');
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

async function readStream(stream: ReadableStream<Uint8Array>, request: Request, limits: BodyLimits): Promise<Body> {
  const chunks = limited(stream, limits.maxBytes)[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  for (let size = 0; size <= INLINE_BODY_BYTES;) {
    const { done, value } = await received(chunks.next());
    if (done) return { bytes: Buffer.concat(head) };
    head.push(value);
    size += value.length;
  }
  try {
    await storeBlob(limits, request.headers.get('content-type'), resumed(head, chunks));
  } catch (error) {
    // Who sends until the end reads the answer then, and may go on to use the connection.
    await readToEnd(chunks);
    throw error;
  }
  return { blob: limits.blobKey };
}

async function storeBlob(
  limits: BodyLimits,
  contentType: string | null,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    await limits.blobs.put(limits.blobKey, body, contentType ?? 'application/octet-stream');
  } catch (error) {
    await limits.blobs.remove(limits.blobKey);
    throw error;
  }
}

async function* limited(stream: ReadableStream<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array, undefined> {
  let size = 0;
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

/** Whoever stops reading early leaves `rest` where it is. */
async function* resumed(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head;
  yield* { [Symbol.asyncIterator]: () => ({ next: () => rest.next() }) };
}

async function readToEnd(rest: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    while (!(await rest.next()).done);
  } catch {
    // The sender hung up, or sends more than is allowed.
  }
}

/** A caller that hangs up while sending is no failure of the platform. */
async function received<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError(400, { detail: 'The body was cut off', error_type: 'bad_request' });
  }
}

function contentLength(request: Request): number | undefined {
  const text = request.headers.get('content-length');
  if (text !== null && /^\d+$/.test(text)) return Number(text);
  return request.body === null ? 0 : undefined;
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError(413, { detail: `The body is larger than the ${maxBytes} bytes this platform accepts` });
}
