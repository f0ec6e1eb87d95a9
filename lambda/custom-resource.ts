/**
 * CloudFormation's protocol for custom resources: whatever happens, one answer goes to the response URL before the
 * function's time is up, or that of the call that goes on with its work. Without one, CloudFormation would wait for an hour.
 */
import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse, Context } from 'aws-lambda';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../runtime/ports';

export interface CustomResourceWork {
  /** What identifies the resource: one with another id replaces it, and the former is deleted then. */
  readonly physicalId: string;
  /**
   * Throws what CloudFormation shows as the reason of a failure. `deadline` in ms since the epoch. `continued`: another
   * call of the function goes on with the work, and answers.
   */
  readonly run: (deadline: number) => Promise<void> | Promise<'continued' | undefined>;
}

export interface CustomResourceOptions {
  /** Throws for properties that make no sense. */
  readonly workOf: (event: CloudFormationCustomResourceEvent) => CustomResourceWork;
  readonly respond?: (url: string, response: CloudFormationCustomResourceResponse) => Promise<void>;
  readonly clock: Clock;
  readonly onError: (error: unknown, doing: string) => void;
}

/** Left of the function's time for the answer. */
export const ANSWER_MS = 30_000;

/** CloudFormation takes answers of 4 KB. */
const LONGEST_REASON = 1_000;

export async function answerCustomResource(
  event: CloudFormationCustomResourceEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
  { workOf, respond = put, clock, onError }: CustomResourceOptions,
): Promise<void> {
  const timeLeft = Math.max(0, context.getRemainingTimeInMillis() - ANSWER_MS);
  const { StackId, RequestId, LogicalResourceId } = event;
  let physicalId = 'PhysicalResourceId' in event ? event.PhysicalResourceId : LogicalResourceId;
  const answer = (outcome: { Status: 'SUCCESS' } | { Status: 'FAILED'; Reason: string }): Promise<void> =>
    respond(event.ResponseURL, { ...outcome, StackId, RequestId, LogicalResourceId, PhysicalResourceId: physicalId });
  try {
    const work = workOf(event);
    if (event.RequestType !== 'Delete') physicalId = work.physicalId;
    const outcome = await within(timeLeft, work.run(clock.now() + timeLeft));
    if (outcome === 'continued') return;
  } catch (error) {
    onError(error, `${event.RequestType} of ${LogicalResourceId}`);
    return answer({ Status: 'FAILED', Reason: reasonOf(error) });
  }
  await answer({ Status: 'SUCCESS' });
}

async function within<T extends Promise<unknown>>(ms: number, work: T): Promise<Awaited<T>> {
  const timeUp = new AbortController();
  const late = sleep(ms, undefined, { signal: timeUp.signal }).then((): never => {
    throw new Error('Time is up, and the work has not ended: try again');
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timeUp.abort();
    late.catch(() => undefined);
    work.catch(() => undefined);
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_REASON) || 'unknown';
}

const ATTEMPTS = 5;

/** The URL is signed for a request without a content type. */
async function put(url: string, response: CloudFormationCustomResourceResponse): Promise<void> {
  const body = Buffer.from(JSON.stringify(response));
  for (let attempt = 1; ; attempt++) {
    try {
      const { ok, status } = await fetch(url, { method: 'PUT', body, signal: AbortSignal.timeout(4_000) });
      if (ok) return;
      throw new Error(`CloudFormation's response URL answered ${status}`);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await sleep(200 * 2 ** attempt);
    }
  }
}
