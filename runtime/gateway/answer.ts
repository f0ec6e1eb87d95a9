/** The answer of a finished request: the app's own, replayed as it was, or the platform's word for why there is none. */
import type { RequestHead } from '../domain/request';
import type { BlobStore, Body, Headers as HeaderRecord, RequestStore, StoredEvent, StoredResponse } from '../ports';
import { platformErrorWithStatus } from './errors';
import { HOP_BY_HOP } from './platform-headers';

export interface AnswerDependencies {
  readonly requests: RequestStore;
  readonly blobs: BlobStore;
}

export async function storedAnswer(dependencies: AnswerDependencies, head: RequestHead): Promise<Response> {
  const response =
    (await dependencies.requests.response(head.id)) ?? (await streamedResponse(dependencies.requests, head));
  return response === undefined ? platformAnswer(head) : replay(dependencies.blobs, response, head.id);
}

/** Headers of an app's answer as the caller gets them: its own, but for those of the connection between agent and app. */
export function answerHeaders(headers: HeaderRecord, id: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (!HOP_BY_HOP.has(name)) result[name] = value;
  result['x-fal-request-id'] = id;
  return result;
}

/** Statuses whose answers have no body (the Fetch standard's null body statuses). */
export function bodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

async function replay(blobs: BlobStore, { status, headers, body }: StoredResponse, id: string): Promise<Response> {
  const result = answerHeaders(headers, id);
  if (bodiless(status) || isEmpty(body)) return new Response(null, { status, headers: result });
  const { content, size } = await bodyContent(blobs, body);
  result['content-length'] = String(size);
  return new Response(content, { status, headers: result });
}

/** The answer to HEAD keeps the length of the body it doesn't have. */
function isEmpty(body: Body): boolean {
  return 'bytes' in body && body.bytes.length === 0;
}

interface Content {
  readonly content: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  readonly size: number;
}

async function bodyContent(blobs: BlobStore, body: Body): Promise<Content> {
  if ('bytes' in body) return { content: body.bytes as Uint8Array<ArrayBuffer>, size: body.bytes.length };
  const blob = await blobs.get(body.blob);
  if (blob === undefined) throw new Error(`The blob ${body.blob} of a stored answer is missing`);
  return { content: ReadableStream.from(blob.body), size: blob.size };
}

function platformAnswer({ id, outcome }: RequestHead): Response {
  const { status = 500, errorType = 'internal_error', error = 'The request ended without an answer' } = outcome ?? {};
  const headers: Record<string, string> = { 'x-fal-request-id': id };
  if (outcome?.timeoutType !== undefined) headers['x-fal-request-timeout-type'] = outcome.timeoutType;
  return platformErrorWithStatus(status, errorType, error, headers).response();
}

const PAGE = 500;

/** An answer that was streamed lies in the event log of the attempt that gave it. */
async function streamedResponse(requests: RequestStore, head: RequestHead): Promise<StoredResponse | undefined> {
  if (head.outcome?.errorType !== undefined) return undefined;
  const events = await eventsOf(requests, head);
  const start = events.find((event) => event.kind === 'response');
  if (start?.kind !== 'response') return undefined;
  const chunks = events.flatMap((event) => (event.kind === 'chunk' ? [event.bytes] : []));
  return { status: start.status, headers: start.headers, body: { bytes: Buffer.concat(chunks) } };
}

async function eventsOf(requests: RequestStore, { id, attempt }: RequestHead): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (;;) {
    const last = events.at(-1) ?? { attempt, number: -1 };
    const page = await requests.events(id, last, PAGE);
    events.push(...page);
    if (page.length < PAGE) return events;
  }
}
