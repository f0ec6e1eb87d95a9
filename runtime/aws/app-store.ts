/** Apps and the decisions taken for them, in DynamoDB. */
import { createHash, randomBytes } from 'node:crypto';
import { PARTITION, TABLE } from '../aws-layout';
import type { AppRecord, Decision } from '../domain/app';
import type { AppStore, Clock } from '../ports';
import { keyOf, type DynamoTable, type Item, type ItemKey } from './dynamo-table';
import { packed, unpacked } from './packed';

/** Decisions are remembered this long. */
const DECISION_SECONDS = 30 * 86_400;

const { app: index } = TABLE.indexes;

/** The partition of the index `app` that has the platform's apps. */
const APPS = 'apps';
const RECORD = 'h';
/** Says whether a record is the one that was read. Its packed bytes don't: zlib may pack otherwise from one version to another. */
const DIGEST = 'd';
const DECISION = 'decision#';

export class DynamoAppStore implements AppStore {
  constructor(
    private readonly table: DynamoTable,
    private readonly clock: Clock,
  ) {}

  async put(app: AppRecord): Promise<void> {
    await this.table.put(appKey(app.id), attributesOf(app));
  }

  async replace(read: AppRecord, next: AppRecord): Promise<boolean> {
    return this.table.update(appKey(read.id), {
      set: attributesOf(next),
      condition: `${DIGEST} = :read`,
      values: { ':read': { B: digest(read) } },
    });
  }

  async get(id: string): Promise<AppRecord | undefined> {
    const item = await this.table.get(appKey(id));
    return item && recordOf(item);
  }

  /** An app that was put or removed just before may be missed. */
  async list(): Promise<readonly AppRecord[]> {
    const keys: ItemKey[] = [];
    const query = {
      IndexName: index.name,
      KeyConditionExpression: `${index.partitionKey} = :apps`,
      ExpressionAttributeValues: { ':apps': { S: APPS } },
    };
    for await (const entry of this.table.query(query)) keys.push(keyOf(entry));
    const apps = (await this.table.getAll(keys)).map(recordOf);
    return apps.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Its decisions end by themselves. */
  async remove(id: string): Promise<void> {
    await this.table.remove(appKey(id));
  }

  async recordDecision(decision: Decision): Promise<void> {
    const sk = `${DECISION}${String(decision.at).padStart(15, '0')}#${randomBytes(6).toString('base64url')}`;
    const ttl = Math.ceil(this.clock.now() / 1000) + DECISION_SECONDS;
    await this.table.put(
      { pk: appPartition(decision.app), sk },
      { [RECORD]: { B: packed(decision) }, [TABLE.timeToLive]: { N: String(ttl) } },
    );
  }

  async decisions(app: string, limit: number): Promise<readonly Decision[]> {
    const items = await this.table.page({
      KeyConditionExpression: `${TABLE.partitionKey} = :app AND begins_with(${TABLE.sortKey}, :decision)`,
      ExpressionAttributeValues: { ':app': { S: appPartition(app) }, ':decision': { S: DECISION } },
      ScanIndexForward: false,
      Limit: limit,
    });
    return items.map((item) => record(item) as Decision);
  }
}

function appPartition(id: string): string {
  return `${PARTITION.app}${id}`;
}

function appKey(id: string): ItemKey {
  return { pk: appPartition(id), sk: 'app' };
}

function attributesOf(app: AppRecord): Item {
  return {
    [RECORD]: { B: packed(app) },
    [DIGEST]: { B: digest(app) },
    [index.partitionKey]: { S: APPS },
    [index.sortKey]: { S: app.id },
  };
}

function digest(app: AppRecord): Uint8Array {
  return createHash('sha256').update(canonical(app)).digest().subarray(0, 16);
}

/** JSON with its keys in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function recordOf(item: Item): AppRecord {
  return record(item) as AppRecord;
}

function record(item: Item): unknown {
  const stored = item[RECORD]?.B;
  if (stored === undefined) throw new Error('The item has no record');
  return unpacked(stored).record;
}
