/** The event logs of requests. A batch is one item, so a write unit holds as many events as fit in a KB. */
import { TABLE } from '../aws-layout';
import type { EventCursor, RequestEvent, StoredEvent } from '../ports';
import type { DynamoTable, Item } from './dynamo-table';
import { packed, unpacked } from './packed';
import { partsPartition } from './request-item';

/** Events are stored before anybody knows when their request ends. Its result is kept for 30 days. */
const EVENT_DAYS = 37;

/** Largest item is 400 KB; leaves room for one more event of the size that an agent makes. */
const ITEM_BYTES = 256 * 1024;

export class RequestEvents {
  constructor(private readonly table: DynamoTable) {}

  /**
   * Repeating an append finds its batches there. A batch is named by its last event: what comes behind a cursor is then one
   * query.
   */
  async append(
    id: string,
    attempt: number,
    first: number,
    events: readonly RequestEvent[],
    now: number,
  ): Promise<void> {
    const ttl = { N: String(Math.ceil(now / 1000) + EVENT_DAYS * 86_400) };
    let next = first;
    for (const batch of batches(events)) {
      next += batch.length;
      const key = { pk: partsPartition(id), sk: sortKey({ attempt, number: next - 1 }) };
      await this.table.create(key, { [EVENTS]: { B: packedEvents(batch) }, [TABLE.timeToLive]: ttl });
    }
  }

  /** Reads what was last written: who sees the end of a request must see all its events. */
  async read(id: string, after: EventCursor | undefined, limit: number): Promise<readonly StoredEvent[]> {
    const found: StoredEvent[] = [];
    let last = after ?? { attempt: -1, number: -1 };
    const from = after === undefined ? PREFIX : sortKey({ ...after, number: after.number + 1 });
    for await (const item of this.table.query({ ...partition(id, from), ConsistentRead: true })) {
      for (const event of eventsOf(item)) {
        // A batch that was appended in part before overlaps the one before.
        if (!isAfter(event, last)) continue;
        if (found.length === limit) return found;
        found.push(event);
        last = event;
      }
    }
    return found;
  }

  /** The sort key of the latest batch, which changes with every append. May lag. */
  async latest(id: string): Promise<string | undefined> {
    const [item] = await this.table.page({
      ...partition(id),
      ScanIndexForward: false,
      Limit: 1,
      ProjectionExpression: TABLE.sortKey,
    });
    return item?.[TABLE.sortKey]?.S;
  }
}

const EVENTS = 'e';
const PREFIX = 'event#';

/** `$` comes behind every digit and before any other kind of part. */
const LAST = 'event$';

function partition(
  id: string,
  from = PREFIX,
): { readonly KeyConditionExpression: string; readonly ExpressionAttributeValues: Record<string, { S: string }> } {
  return {
    KeyConditionExpression: `${TABLE.partitionKey} = :request AND ${TABLE.sortKey} BETWEEN :from AND :to`,
    ExpressionAttributeValues: { ':request': { S: partsPartition(id) }, ':from': { S: from }, ':to': { S: LAST } },
  };
}

function sortKey({ attempt, number }: EventCursor): string {
  return `${PREFIX}${String(attempt).padStart(4, '0')}#${String(number).padStart(9, '0')}`;
}

function isAfter(a: EventCursor, b: EventCursor): boolean {
  return a.attempt > b.attempt || (a.attempt === b.attempt && a.number > b.number);
}

function* batches(events: readonly RequestEvent[]): Generator<readonly RequestEvent[]> {
  let batch: RequestEvent[] = [];
  let size = 0;
  for (const event of events) {
    const bytes = event.kind === 'chunk' ? event.bytes.length : JSON.stringify(event).length;
    if (batch.length > 0 && size + bytes > ITEM_BYTES) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push(event);
    size += bytes;
  }
  if (batch.length > 0) yield batch;
}

/** Bytes of chunks stand behind the record, one after the other; their lengths stand in it. */
function packedEvents(events: readonly RequestEvent[]): Uint8Array {
  const bytes = events.flatMap((event) => (event.kind === 'chunk' ? [event.bytes] : []));
  const record = events.map((event) => (event.kind === 'chunk' ? { ...event, bytes: event.bytes.length } : event));
  return packed(record, Buffer.concat(bytes));
}

function eventsOf(item: Item): readonly StoredEvent[] {
  const { attempt, number: last } = cursorOf(item[TABLE.sortKey]?.S ?? '');
  const { record, bytes } = unpacked(item[EVENTS]?.B ?? Buffer.of());
  const events = record as readonly PackedEvent[];
  let position = 0;
  return events.map((event, index) => {
    const numbered = { attempt, number: last - events.length + 1 + index };
    if (event.kind !== 'chunk') return { ...event, ...numbered };
    const start = position;
    position += event.bytes;
    return { ...event, bytes: bytes.subarray(start, position), ...numbered };
  });
}

type PackedEvent = Exclude<RequestEvent, { kind: 'chunk' }> | { kind: 'chunk'; at: number; bytes: number };

function cursorOf(key: string): EventCursor {
  const [, attempt, number] = key.split('#');
  return { attempt: Number(attempt), number: Number(number) };
}
