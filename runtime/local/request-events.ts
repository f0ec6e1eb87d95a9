import type { EventCursor, RequestEvent, StoredEvent } from '../ports';
import type { Database } from './database';

type EventRow = readonly [attempt: number, number: number, event: string, bytes: Uint8Array | null];

/** The event logs of requests, keyed (request, attempt, number). */
export class RequestEvents {
  constructor(private readonly database: Database) {}

  /** Events of a request that was removed meanwhile are dropped. Those of a power cut's last moments are lost. */
  async append(id: string, attempt: number, first: number, events: readonly RequestEvent[]): Promise<void> {
    const rows = events.map((event, index) => [id, attempt, first + index, ...eventColumns(event)] as const);
    await this.database.write(() => {
      if (this.database.first('SELECT 1 FROM requests WHERE id = ?', id) === undefined) return;
      for (const row of rows) this.database.run('INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)', ...row);
    }, 'killed process');
  }

  read(id: string, after: EventCursor | undefined, limit: number): readonly StoredEvent[] {
    const { attempt, number } = after ?? { attempt: -1, number: -1 };
    return this.database.all<EventRow>(READ, id, attempt, number, limit).map(parseEvent);
  }
}

const READ = `
  SELECT attempt, number, event, bytes FROM events WHERE id = ? AND (attempt, number) > (?, ?)
  ORDER BY attempt, number LIMIT ?`;

function eventColumns(event: RequestEvent): readonly [string, Uint8Array | null] {
  if (event.kind !== 'chunk') return [JSON.stringify(event), null];
  const { bytes, ...rest } = event;
  return [JSON.stringify(rest), bytes];
}

function parseEvent([attempt, number, event, bytes]: EventRow): StoredEvent {
  return {
    ...(JSON.parse(event) as RequestEvent),
    ...(bytes === null ? {} : { bytes }),
    attempt,
    number,
  };
}
