/** An answer that the app streams, sent on as it comes. */
import type { EventCursor, RequestStore, StoredEvent } from '../ports';
import { answerHeaders } from './answer';
import { formatPosition, type AnswerPosition } from './event-cursor';
import { EventIds } from './event-ids';
import type { RequestWatch } from './request-watch';

export type ResponseEvent = StoredEvent & { readonly kind: 'response' };

const PAGE = 100;

/** Finds the start of a streamed answer in the event log of an attempt, reading each event once. */
export class AnswerStart {
  private cursor: EventCursor;

  constructor(
    private readonly requests: RequestStore,
    private readonly id: string,
    readonly attempt: number,
  ) {
    this.cursor = { attempt, number: -1 };
  }

  /** `undefined` while the app has not begun to answer. */
  async find(): Promise<ResponseEvent | undefined> {
    for (;;) {
      const events = await this.requests.events(this.id, this.cursor, PAGE);
      const start = events.find((event) => event.kind === 'response' && event.attempt === this.attempt);
      if (start?.kind === 'response') return start;
      const last = events.at(-1);
      if (last !== undefined) this.cursor = { attempt: last.attempt, number: last.number };
      if (events.length < PAGE) return undefined;
    }
  }
}

/** The status and headers of a streamed answer; its length isn't known. */
export function liveHeaders(start: ResponseEvent, id: string): Record<string, string> {
  const { 'content-length': _unknown, ...headers } = answerHeaders(start.headers, id);
  return headers;
}

/** True for an event stream whose events can be told apart, and so be given ids. */
export function isEventStream(start: ResponseEvent): boolean {
  return /^text\/event-stream\b/i.test(start.headers['content-type'] ?? '') && !start.headers['content-encoding'];
}

/** Thrown into the body when the answer will never be whole, so that the connection breaks instead of ending well. */
export class AnswerCutOff extends Error {
  override readonly name = 'AnswerCutOff';
}

/**
 * The chunks of an answer, from its start or from `position`, until the request is over. Ends early when the watch is
 * stopped; throws `AnswerCutOff` when the attempt ends without finishing its answer.
 */
export async function* liveChunks(
  requests: RequestStore,
  watch: RequestWatch,
  id: string,
  start: ResponseEvent,
  position?: AnswerPosition,
): AsyncGenerator<Uint8Array> {
  const eventIds = isEventStream(start) ? new EventIds() : undefined;
  let cursor: EventCursor = position === undefined ? start : { ...position, number: position.number - 1 };
  for (;;) {
    const head = await requests.get(id);
    const events = await requests.events(id, cursor, PAGE);
    for (const event of events) {
      if (watch.stopped) return;
      if (event.attempt !== start.attempt)
        throw new AnswerCutOff(`Request ${id} was started again while it was answered`);
      cursor = event;
      if (event.kind !== 'chunk') continue;
      const seen = event.number === position?.number ? position.offset : 0;
      const bytes = event.bytes.subarray(seen);
      const idAt = (offset: number): string => formatPosition({ ...event, request: id, offset: seen + offset });
      if (bytes.length > 0) yield eventIds?.apply(bytes, idAt) ?? bytes;
    }
    if (events.length === PAGE) continue;
    if (head === undefined || head.state === 'COMPLETED') {
      if (head?.outcome?.errorType !== undefined) throw new AnswerCutOff(`Request ${id}: ${head.outcome.error ?? ''}`);
      return;
    }
    if (head.attempt !== start.attempt || head.state === 'IN_QUEUE')
      throw new AnswerCutOff(`Request ${id} lost its runner`);
    if (watch.stopped) return;
    await watch.changed();
  }
}

/** True when a reader at `position` has seen everything there is so far. */
export async function nothingBehind(requests: RequestStore, position: AnswerPosition): Promise<boolean> {
  const { request, attempt, number, offset } = position;
  const events = await requests.events(request, { attempt, number: number - 1 }, PAGE);
  return events.every((event) => event.kind !== 'chunk' || (event.number === number && event.bytes.length <= offset));
}
