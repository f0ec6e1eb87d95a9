/** What the controller has learned about apps, in DynamoDB: one item an app, forgotten after a while. */
import { TABLE } from '../aws-layout';
import type { Clock, LearningStore } from '../ports';
import type { DynamoTable, ItemKey } from './dynamo-table';
import { packed, unpacked } from './packed';

/** An app that nobody called for so long is learned anew. */
const KEPT_SECONDS = 30 * 86_400;

/** Runners can't reach it. */
const PARTITION_KEY = 'learning';
const RECORD = 'h';

export class DynamoLearningStore implements LearningStore {
  constructor(
    private readonly table: DynamoTable,
    private readonly clock: Clock,
  ) {}

  async get(app: string): Promise<unknown> {
    const stored = (await this.table.get(itemKey(app)))?.[RECORD]?.B;
    return stored && unpacked(stored).record;
  }

  /** Some 300 bytes to 4 KB, packed: 1 to 4 write units. */
  async put(app: string, learning: object): Promise<void> {
    const ttl = Math.ceil(this.clock.now() / 1000) + KEPT_SECONDS;
    await this.table.put(itemKey(app), {
      [RECORD]: { B: packed(learning) },
      [TABLE.timeToLive]: { N: String(ttl) },
    });
  }

  async remove(app: string): Promise<void> {
    await this.table.remove(itemKey(app));
  }
}

function itemKey(app: string): ItemKey {
  return { pk: PARTITION_KEY, sk: app };
}
