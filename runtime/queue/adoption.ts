/** Requests that nobody submitted: messages which another service put on an app's queue. */
import type { AppRecord } from '../domain/app';
import { submitted } from '../domain/request';
import { retriesOfApp } from '../domain/retry';
import type { BlobStore, Body, RequestInput, RequestStore } from '../ports';

export interface AdoptableMessage {
  /** The id of the request, made from the message: the same message makes the same request. */
  readonly id: string;
  /** The endpoint it is for, as the app sees it. */
  readonly path: string;
  /** JSON. */
  readonly body: Uint8Array;
  /** When the message was sent, ms since the epoch. */
  readonly sentAt: number;
}

/** A larger body would make the store slow for everybody. */
const INLINE_BODY_BYTES = 256 * 1024;

/**
 * Takes a message into the queue as a request of the app's owner. A message that comes twice is one request: the second
 * time changes nothing. Rings no bell: whoever received the message serves the app.
 */
export async function adopt(
  { requests, blobs }: { readonly requests: RequestStore; readonly blobs: BlobStore },
  app: Pick<AppRecord, 'id' | 'spec'>,
  message: AdoptableMessage,
): Promise<void> {
  const { id, path, sentAt } = message;
  const owner = app.id.slice(0, app.id.lastIndexOf('/'));
  const head = submitted({
    ...{ id, app: app.id, path, caller: owner, mode: 'queue', priority: 'normal', submittedAt: sentAt },
    retry: retriesOfApp(app.spec),
  });
  if ((await requests.get(id)) !== undefined) return;
  await requests.create(head, input(app.id, owner, message, await kept(blobs, message)));
}

async function kept(blobs: BlobStore, { id, body }: AdoptableMessage): Promise<Body> {
  if (body.length <= INLINE_BODY_BYTES) return { bytes: body };
  const blob = `requests/${id}/input`;
  await blobs.put(blob, ReadableStream.from([body]), 'application/json');
  return { blob };
}

/** What the app is told is what it is told of a request that came through the gateway. */
function input(app: string, owner: string, { id, path }: AdoptableMessage, body: Body): RequestInput {
  const headers = {
    'content-type': 'application/json',
    'x-fal-request-id': id,
    'x-fal-endpoint': path === '/' ? app : `${app}${path}`,
    'x-fal-object-lifecycle-preference': '{}',
    'x-fal-caller-user-id': owner,
  };
  return { method: 'POST', target: path, headers, body };
}
