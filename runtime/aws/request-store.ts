/**
 * Requests in DynamoDB.
 *
 * What the steps of a request cost in units, while its item stays below 1 KB (head, input of some 500 bytes, response alike),
 * as a test measures them:
 *
 * | Step                                    | Write                         | Read              |
 * |-----------------------------------------|-------------------------------|-------------------|
 * | submitted                               | 2: head and input; queue      |                   |
 * | the queue looked at                     |                               | 0.5 and 0.5 a head |
 * | claimed                                 | 2: lease; state in the queue  |                   |
 * | its input read                          |                               | 0, or 0.5 later   |
 * | each heartbeat                          | 1                             |                   |
 * | ended                                   | 2: outcome, response; queue   |                   |
 * | its head read                           |                               | 1                 |
 * | its response read                       |                               | 0, or 0.5 later   |
 * | webhook due, and delivered              | 1 and 2                       | 1                 |
 * | a batch of events, and its reading      | 1 a KB                        | 1                 |
 * | each look while a caller waits          |                               | 1                 |
 *
 * So a queued request takes 6 write units and some 2.5 read units: at $0.625 and $0.125 a million, $4.06 a million requests.
 */
import {
  headPartitions,
  headAttributes,
  absentAttributes,
  headKey,
  headOf,
  HEAD,
  partsPartition,
} from './request-item';
import { TABLE } from '../aws-layout';
import type { RequestHead } from '../domain/request';
import type {
  Backlog,
  BlobStore,
  Body,
  Clock,
  EventCursor,
  RequestEvent,
  RequestInput,
  RequestStore,
  StoredEvent,
  StoredResponse,
} from '../ports';
import { keyItem, keyOf, type DynamoTable, type Item } from './dynamo-table';
import { QueueIndex } from './queue-index';
import { RecentItems } from './recent-items';
import { RequestBodies } from './request-bodies';
import { RequestChanges } from './request-changes';
import { RequestEvents } from './request-events';

/** How far back an app's requests are listed: their retention, and a wait before it. */
const LISTED_MS = 40 * 86_400_000;

/** Ids are made by other machines' clocks. */
const SKEW_MS = 60_000;

export interface DynamoRequestStoreDependencies {
  readonly table: DynamoTable;
  /** Blobs that belong to a request go with it. */
  readonly blobs: Pick<BlobStore, 'remove'>;
  readonly clock: Clock;
}

export class DynamoRequestStore implements RequestStore {
  private readonly table: DynamoTable;
  private readonly queue: QueueIndex;
  private readonly bodies: RequestBodies;
  private readonly log: RequestEvents;
  private readonly changes: RequestChanges;
  private readonly recent = new RecentItems();

  constructor(private readonly dependencies: DynamoRequestStoreDependencies) {
    this.table = dependencies.table;
    this.queue = new QueueIndex(this.table, (id, item) => {
      this.recent.saw(id, item, this.now);
    });
    this.bodies = new RequestBodies(this.table);
    this.log = new RequestEvents(this.table);
    this.changes = new RequestChanges(async (id) => {
      const [head, event] = await Promise.all([this.item(id, 'eventual'), this.log.latest(id)]);
      return { event: event ?? '', ...(head === undefined ? {} : { version: headOf(head).version }) };
    });
  }

  async create(head: RequestHead, input: RequestInput): Promise<boolean> {
    const key = headKey(head.id);
    const attributes = headAttributes(head);
    const [body] = await Promise.all([
      this.bodies.keepInput(head.id, { ...attributes, ...keyItem(key) }, input, this.now),
      this.queue.announce(head.app),
    ]);
    const taken = await this.table.create(key, { ...attributes, ...body });
    if (taken !== undefined) return false;
    this.changes.saw(head.id, { version: head.version, event: '' });
    return true;
  }

  async get(id: string): Promise<RequestHead | undefined> {
    const item = await this.item(id);
    if (item === undefined) return undefined;
    const head = headOf(item);
    this.changes.saw(id, { version: head.version });
    this.recent.saw(id, item, this.now);
    return head;
  }

  async replace(next: RequestHead, response?: StoredResponse): Promise<boolean> {
    const body =
      response === undefined ? {} : await this.bodies.keepResponse(next.id, response, next.expiresAt ?? this.now);
    const set = { ...headAttributes(next), ...body };
    const stored = await this.table.update(headKey(next.id), {
      set,
      remove: absentAttributes(set),
      condition: `${HEAD.version} = :before`,
      values: { ':before': { N: String(next.version - 1) } },
    });
    this.recent.written(next.id);
    if (stored) this.changes.saw(next.id, { version: next.version });
    return stored;
  }

  async remove(id: string): Promise<void> {
    this.recent.forget(id);
    const head = await this.table.get(headKey(id));
    if (head !== undefined) {
      await this.removeBlob((await this.bodies.input(id, head))?.body);
      await this.removeBlob((await this.bodies.response(id, head))?.body);
    }
    const parts = {
      KeyConditionExpression: `${TABLE.partitionKey} = :request`,
      ExpressionAttributeValues: { ':request': { S: partsPartition(id) } },
    };
    for await (const part of this.table.query(parts)) await this.table.remove(keyOf(part));
    // The head goes last: whoever stops in between leaves something that can be removed again.
    await this.table.remove(headKey(id));
  }

  async input(id: string): Promise<RequestInput | undefined> {
    return this.body(id, (item) => this.bodies.input(id, item));
  }

  async discardInput(id: string): Promise<void> {
    this.recent.forget(id);
    const item = await this.item(id);
    if (item === undefined) return;
    await this.removeBlob((await this.bodies.input(id, item))?.body);
    await this.bodies.forgetInput(id, item);
    await this.table.update(headKey(id), {
      remove: [HEAD.input, HEAD.inputKey],
      condition: `attribute_exists(${TABLE.partitionKey})`,
    });
  }

  async response(id: string): Promise<StoredResponse | undefined> {
    return this.body(id, (item) => this.bodies.response(id, item));
  }

  async waiting(
    app: string,
    limit: number,
    after?: Pick<RequestHead, 'priority' | 'id'>,
  ): Promise<readonly RequestHead[]> {
    return this.queue.waiting(app, limit, after);
  }

  async position(head: RequestHead): Promise<number> {
    return this.queue.position(head);
  }

  async backlog(app: string, submittedUntil: number): Promise<Backlog> {
    return this.queue.backlog(app, submittedUntil);
  }

  async due(now: number, limit: number): Promise<readonly RequestHead[]> {
    return this.queue.due(now, limit);
  }

  async webhooksDue(now: number, limit: number): Promise<readonly RequestHead[]> {
    return this.queue.webhooksDue(now, limit);
  }

  /** None: DynamoDB removes them by their `ttl`, without a charge. Until then nobody can read them here. */
  async expired(): Promise<readonly string[]> {
    return [];
  }

  async list(app: string, limit: number, before?: string): Promise<readonly RequestHead[]> {
    const found: RequestHead[] = [];
    for (const partition of headPartitions(app, this.now + SKEW_MS, this.now - LISTED_MS)) {
      for await (const item of this.table.query(headsIn(partition, limit, before))) {
        const head = headOf(item);
        // Apps may share a tag.
        if (head.app === app && !this.isExpired(head)) found.push(head);
        if (found.length === limit) return found;
      }
    }
    return found;
  }

  async appendEvents(id: string, attempt: number, first: number, events: readonly RequestEvent[]): Promise<void> {
    await this.log.append(id, attempt, first, events, this.now);
  }

  async events(id: string, after: EventCursor | undefined, limit: number): Promise<readonly StoredEvent[]> {
    return this.log.read(id, after, limit);
  }

  async changed(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    await this.changes.next(id, timeoutMs, signal);
  }

  private get now(): number {
    return this.dependencies.clock.now();
  }

  /** Bodies don't change once they are there, so a read that may lag will do where it finds one, for half the price. */
  private async body<T>(id: string, read: (item: Item) => Promise<T | undefined>): Promise<T | undefined> {
    for (const from of ['memory', 'eventual', 'consistent'] as const) {
      const item = from === 'memory' ? this.remembered(id) : await this.item(id, from);
      const found = item && (await read(item));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private remembered(id: string): Item | undefined {
    const item = this.recent.take(id, this.now);
    return item === undefined || this.isExpired(headOf(item)) ? undefined : item;
  }

  private async item(id: string, consistency: 'consistent' | 'eventual' = 'consistent'): Promise<Item | undefined> {
    const item = await this.table.get(headKey(id), consistency);
    return item === undefined || this.isExpired(headOf(item)) ? undefined : item;
  }

  /** DynamoDB takes up to some days to remove what has expired. */
  private isExpired({ expiresAt = Infinity }: RequestHead): boolean {
    return expiresAt <= this.now;
  }

  private async removeBlob(body: Body | undefined): Promise<void> {
    if (body !== undefined && 'blob' in body) await this.dependencies.blobs.remove(body.blob);
  }
}

/** Newest first. */
function headsIn(partition: string, limit: number, before?: string): Parameters<DynamoTable['query']>[0] {
  const values = { ':partition': { S: partition }, ...(before === undefined ? {} : { ':before': { S: before } }) };
  return {
    KeyConditionExpression: [
      `${TABLE.partitionKey} = :partition`,
      ...(before === undefined ? [] : [`${TABLE.sortKey} < :before`]),
    ].join(' AND '),
    ExpressionAttributeValues: values,
    ScanIndexForward: false,
    Limit: limit,
  };
}
