/** The log lines of a request, read from its event log. */
import type { EventCursor, RequestStore, StoredEvent } from '../ports';

/** A log line as fal's clients know it. */
export interface LogEntry {
  readonly message: string;
  readonly level: string;
  readonly source: 'USER';
  /** ISO 8601, UTC. */
  readonly timestamp: string;
}

/** Lines in one answer to a poll. fal says only that it is a moving window; the status stream has every line. */
export const LOG_WINDOW = 1_000;

const PAGE = 500;

export interface LogPage {
  readonly entries: readonly LogEntry[];
  /** Where to read on. */
  readonly cursor: EventCursor | undefined;
}

/** The lines behind `after`, only the last `window` of them when there are more. */
export async function readLogs(
  requests: RequestStore,
  id: string,
  window: number,
  after?: EventCursor,
): Promise<LogPage> {
  const entries: LogEntry[] = [];
  let cursor = after;
  for (;;) {
    const events = await requests.events(id, cursor, PAGE);
    for (const event of events) if (event.kind === 'log') entries.push(logEntry(event));
    if (entries.length > window) entries.splice(0, entries.length - window);
    const last = events.at(-1);
    if (last !== undefined) cursor = { attempt: last.attempt, number: last.number };
    if (events.length < PAGE) return { entries, cursor };
  }
}

function logEntry(event: StoredEvent & { readonly kind: 'log' }): LogEntry {
  return {
    message: event.message,
    level: event.level,
    source: 'USER',
    timestamp: new Date(event.at).toISOString(),
  };
}
