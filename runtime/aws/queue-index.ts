/**
 * The queues, read from the index of requests that are not over. The index lags some milliseconds behind the heads: what it
 * shows is looked up before it is believed, and a claim of what was claimed meanwhile is refused by its condition.
 */
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { PARTITION, QUEUE_STATE, TABLE } from '../aws-layout';
import { dueAt, queueOrder, webhookDueAt, type RequestHead } from '../domain/request';
import type { Backlog } from '../ports';
import { keyOf, type DynamoTable, type Item } from './dynamo-table';
import { headOf, queuePartition, queueSortKey, WEBHOOKS } from './request-item';
import { sideBySide } from './side-by-side';

const { queue, due, app: apps } = TABLE.indexes;

/** The partition of the index `app` that names every app that ever had a request. */
const QUEUES = 'queues';

/** Apps whose queues are looked through at once. */
const AT_ONCE = 8;

export class QueueIndex {
  private readonly announced = new Set<string>();

  /** `onRead` is told of every head's item that is read on the way. */
  constructor(
    private readonly table: DynamoTable,
    private readonly onRead: (id: string, item: Item) => void,
  ) {}

  /** Makes an app's queue known to whoever looks through all queues. A write for each app and process. */
  async announce(app: string): Promise<void> {
    if (this.announced.has(app)) return;
    const set = { [apps.partitionKey]: { S: QUEUES }, [apps.sortKey]: { S: app } };
    await this.table.update({ pk: `${PARTITION.app}${app}`, sk: 'queue' }, { set });
    this.announced.add(app);
  }

  /** Fewer than `limit` only at the end of the queue, however many entries turn out to be outdated. */
  async waiting(
    app: string,
    limit: number,
    after?: Pick<RequestHead, 'priority' | 'id'>,
  ): Promise<readonly RequestHead[]> {
    const found: RequestHead[] = [];
    const look = async (entries: readonly Item[]): Promise<void> => {
      const heads = await this.heads(entries);
      found.push(...heads.filter(({ state }) => state === 'IN_QUEUE').sort(queueOrder));
    };
    let entries: Item[] = [];
    for await (const entry of this.table.query(waitingEntries(app, { after, page: limit + SPARE }))) {
      entries.push(entry);
      if (found.length + entries.length < limit) continue;
      await look(entries);
      entries = [];
      if (found.length >= limit) return found;
    }
    await look(entries);
    return found;
  }

  async position(head: RequestHead): Promise<number> {
    return this.table.count(waitingEntries(head.app, { before: head }));
  }

  async backlog(app: string, submittedUntil: number): Promise<Backlog> {
    let [waiting, waitingSince, inProgress, oldest] = [0, 0, 0, Infinity];
    for await (const entry of this.table.query(entries(app))) {
      if (entry[QUEUE_STATE.state]?.S === QUEUE_STATE.inProgress) {
        inProgress++;
        continue;
      }
      const submittedAt = Number(entry[QUEUE_STATE.submittedAt]?.N);
      waiting++;
      if (submittedAt <= submittedUntil) waitingSince++;
      oldest = Math.min(oldest, submittedAt);
    }
    return { waiting, waitingSince, inProgress, ...(waiting === 0 ? {} : { oldestWaitingAt: oldest }) };
  }

  /**
   * The index does not say when a lease ends: a heartbeat would cost three times as much. So whatever is in progress is
   * looked at, which costs a hundredth of the heartbeats it has in that time.
   */
  async due(now: number, limit: number): Promise<readonly RequestHead[]> {
    const found: RequestHead[] = [];
    await sideBySide(this.queues(), AT_ONCE, async (app) => {
      const candidates: Item[] = [];
      for await (const entry of this.table.query(dueEntries(app, now))) candidates.push(entry);
      found.push(...(await this.heads(candidates)));
    });
    return earliest(found, dueAt, now).slice(0, limit);
  }

  async webhooksDue(now: number, limit: number): Promise<readonly RequestHead[]> {
    const found: Item[] = [];
    for await (const entry of this.table.query({ ...webhookEntries(now), Limit: Math.min(limit, 100) })) {
      found.push(entry);
      if (found.length === limit) break;
    }
    return earliest(await this.heads(found), webhookDueAt, now);
  }

  private async *queues(): AsyncGenerator<string, void> {
    const query = {
      IndexName: apps.name,
      KeyConditionExpression: `${apps.partitionKey} = :queues`,
      ExpressionAttributeValues: { ':queues': { S: QUEUES } },
    };
    for await (const entry of this.table.query(query)) yield entry[apps.sortKey]?.S ?? '';
  }

  private async heads(found: readonly Item[]): Promise<RequestHead[]> {
    return (await this.table.getAll(found.map(keyOf))).map((item) => {
      const head = headOf(item);
      this.onRead(head.id, item);
      return head;
    });
  }
}

/** Entries read beyond those asked for, since some of them are in progress. */
const SPARE = 16;

/** Due by what the head says, whatever the index said. */
function earliest(
  heads: readonly RequestHead[],
  at: (head: RequestHead) => number | undefined,
  now: number,
): RequestHead[] {
  return heads
    .flatMap((head) => ({ head, time: at(head) ?? Infinity }))
    .filter(({ time }) => time <= now)
    .sort((a, b) => a.time - b.time)
    .map(({ head }) => head);
}

type Query = Omit<QueryCommandInput, 'TableName'>;
type Place = Pick<RequestHead, 'priority' | 'id'>;

function entries(app: string): Query {
  return {
    IndexName: queue.name,
    KeyConditionExpression: `${queue.partitionKey} = :queue`,
    ExpressionAttributeValues: { ':queue': { S: queuePartition(app) } },
  };
}

function waitingEntries(
  app: string,
  range: { readonly after?: Place; readonly before?: Place; readonly page?: number },
): Query {
  const all = entries(app);
  const place = range.after ?? range.before;
  return {
    ...all,
    ...(place === undefined
      ? {}
      : {
          KeyConditionExpression: `${all.KeyConditionExpression} AND ${queue.sortKey} ${range.after === undefined ? '<' : '>'} :place`,
        }),
    FilterExpression: '#state = :waiting',
    ExpressionAttributeNames: { '#state': QUEUE_STATE.state },
    ExpressionAttributeValues: {
      ...all.ExpressionAttributeValues,
      ':waiting': { S: QUEUE_STATE.waiting },
      ...(place === undefined ? {} : { ':place': { S: queueSortKey(place) } }),
    },
    ...(range.page === undefined ? {} : { Limit: range.page }),
  };
}

function dueEntries(app: string, now: number): Query {
  const all = entries(app);
  return {
    ...all,
    FilterExpression: '#state = :inProgress OR #deadline <= :now',
    ExpressionAttributeNames: { '#state': QUEUE_STATE.state, '#deadline': QUEUE_STATE.startDeadline },
    ExpressionAttributeValues: {
      ...all.ExpressionAttributeValues,
      ':inProgress': { S: QUEUE_STATE.inProgress },
      ':now': { N: String(now) },
    },
  };
}

function webhookEntries(now: number): Query {
  return {
    IndexName: due.name,
    KeyConditionExpression: `${due.partitionKey} = :webhooks AND ${due.sortKey} <= :now`,
    ExpressionAttributeValues: { ':webhooks': { S: WEBHOOKS }, ':now': { N: String(now) } },
  };
}
