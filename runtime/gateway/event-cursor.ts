/** Event ids on the wire: where in the event log of a request a reader stands. */
import type { EventCursor } from '../ports';

/** `attempt-number`, as the status stream writes it. */
export function formatCursor({ attempt, number }: EventCursor): string {
  return `${attempt}-${number}`;
}

/** `undefined` for anything that is no cursor of ours: the stream then starts from the beginning. */
export function parseCursor(text: string | null): EventCursor | undefined {
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(text ?? '');
  return match === null ? undefined : { attempt: Number(match[1]), number: Number(match[2]) };
}

/** A place within a streamed answer: everything before `offset` in the chunk was seen. It names its request. */
export interface AnswerPosition extends EventCursor {
  readonly request: string;
  readonly offset: number;
}

export function formatPosition({ request, attempt, number, offset }: AnswerPosition): string {
  return `${request}-${attempt}-${number}-${offset}`;
}

export function parsePosition(text: string | null): AnswerPosition | undefined {
  const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d{1,9})-(\d{1,9})-(\d{1,9})$/.exec(text ?? '');
  if (match === null) return undefined;
  const [, request = '', attempt, number, offset] = match;
  return { request, attempt: Number(attempt), number: Number(number), offset: Number(offset) };
}
