/** What a message on an app's queue is: a ring of ours, or work that another service or a person sent. */
import type { Message } from '@aws-sdk/client-sqs';
import { createHash } from 'node:crypto';
import { TaggedIds } from '../domain/tagged-id';

/** The body of a ring. It is no JSON, so that no message for the app can be taken for one. */
export const RING = 'sgpu ring';

/** The message attribute that names the endpoint to call, such as `/predict`. Absent: `/`. */
const PATH_ATTRIBUTE = 'path';

export type QueueMessage =
  | { readonly kind: 'ring' }
  /** A request. The same message has the same id whenever it is received. */
  | {
      readonly kind: 'request';
      readonly id: string;
      readonly path: string;
      readonly body: Uint8Array;
      readonly sentAt: number;
    }
  /** What S3 sends once when notifications are set up. */
  | { readonly kind: 'notice' }
  /** Nothing that an app could be asked. */
  | { readonly kind: 'unusable'; readonly reason: string };

export function readMessage(app: string, message: Message): QueueMessage {
  const { Body = '', MessageId = '', MessageAttributes, Attributes } = message;
  if (Body === RING) return { kind: 'ring' };
  const content = parsedJson(Body);
  if (content === undefined) return { kind: 'unusable', reason: 'its body is no JSON' };
  if (isS3Test(content)) return { kind: 'notice' };
  const path = MessageAttributes?.[PATH_ATTRIBUTE]?.StringValue ?? '/';
  if (!/^\/[\x21-\x7e]{0,1023}$/.test(path)) {
    return { kind: 'unusable', reason: `its attribute ${PATH_ATTRIBUTE} is no path: ${JSON.stringify(path)}` };
  }
  const sentAt = Number(Attributes?.SentTimestamp);
  return { kind: 'request', id: requestId(app, MessageId, sentAt), path, body: Buffer.from(Body), sentAt };
}

/** SQS makes message ids of random bits, so nobody can guess this one either. */
function requestId(app: string, messageId: string, sentAt: number): string {
  const digest = createHash('sha256').update(messageId).digest();
  return new TaggedIds((count) => digest.subarray(0, count)).next(app, sentAt);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isS3Test(content: unknown): boolean {
  return typeof content === 'object' && content !== null && 'Event' in content && content.Event === 's3:TestEvent';
}
