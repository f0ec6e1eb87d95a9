/** API keys in DynamoDB: one partition, which gateways and the controller alone may read. */
import { PARTITION, TABLE } from '../aws-layout';
import type { ApiKey, KeyStore } from '../ports';
import type { DynamoTable, Item, ItemKey } from './dynamo-table';
import { packed, unpacked } from './packed';

const RECORD = 'h';

export class DynamoKeyStore implements KeyStore {
  constructor(private readonly table: DynamoTable) {}

  async put(key: ApiKey): Promise<void> {
    await this.table.put(itemKey(key.id), { [RECORD]: { B: packed(key) } });
  }

  /** A key never changes, so a read that may lag will do where it finds one, for half the price. */
  async get(id: string): Promise<ApiKey | undefined> {
    const item = (await this.table.get(itemKey(id), 'eventual')) ?? (await this.table.get(itemKey(id)));
    return item && keyIn(item);
  }

  async list(): Promise<readonly ApiKey[]> {
    const found: ApiKey[] = [];
    const keys = {
      KeyConditionExpression: `${TABLE.partitionKey} = :keys`,
      ExpressionAttributeValues: { ':keys': { S: PARTITION.keys } },
      ConsistentRead: true,
    };
    for await (const item of this.table.query(keys)) found.push(keyIn(item));
    return found;
  }

  async remove(id: string): Promise<boolean> {
    return this.table.remove(itemKey(id));
  }
}

function itemKey(id: string): ItemKey {
  return { pk: PARTITION.keys, sk: id };
}

function keyIn(item: Item): ApiKey {
  const stored = item[RECORD]?.B;
  if (stored === undefined) throw new Error('The item has no key');
  return unpacked(stored).record as ApiKey;
}
