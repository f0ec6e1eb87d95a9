/** What the calls that pass a recorder cost in DynamoDB's units, by the items before and after each write. */
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../runtime/aws/dynamo-table';
import { readUnits, writeUnits } from '../support/dynamo-meter';
import type { CallMeter } from './call-recorder';
import type { WireRequest } from './recorded-call';

interface WriteFields {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
}

export class DynamoUnits implements CallMeter {
  write = 0;
  read = 0;
  readonly #client: DynamoDBClient;

  /** `endpoint` is the emulator's own: looking at items isn't to be counted. */
  constructor(endpoint: string, region: string) {
    this.#client = new DynamoDBClient({
      endpoint,
      region,
      credentials: { accessKeyId: 'METER', secretAccessKey: 'test' },
    });
  }

  async begin({ headers, body }: WireRequest): Promise<((answer: Buffer) => Promise<void>) | undefined> {
    const [service, operation = ''] = String(headers['x-amz-target'] ?? '').split('.');
    if (!service?.startsWith('DynamoDB')) return undefined;
    const fields = JSON.parse(body.toString()) as WriteFields & { ConsistentRead?: boolean };
    const writes = writesOf(operation, fields);
    if (writes.length === 0) {
      return (answer) => {
        this.read += readUnits(fields, JSON.parse(answer.toString() || '{}') as Parameters<typeof readUnits>[1]);
        return Promise.resolve();
      };
    }
    const factor = operation.startsWith('Transact') ? 2 : 1;
    const before = await Promise.all(writes.map((write) => this.look(write)));
    return async () => {
      const after = await Promise.all(writes.map((write) => this.look(write)));
      // A write whose condition fails costs as much as one that changes nothing but its item: at least a unit.
      for (const [index, old] of before.entries()) this.write += factor * Math.max(1, writeUnits(old, after[index]));
    };
  }

  private async look({ TableName, Key, Item: item }: WriteFields): Promise<Item | undefined> {
    const key = Key ?? { pk: item?.pk, sk: item?.sk };
    const found = await this.#client.send(new GetItemCommand({ TableName, Key: key as Item, ConsistentRead: true }));
    return found.Item;
  }
}

function writesOf(operation: string, fields: WriteFields): readonly WriteFields[] {
  if (operation === 'PutItem' || operation === 'UpdateItem' || operation === 'DeleteItem') return [fields];
  const { TransactItems = [], RequestItems = {} } = fields as {
    TransactItems?: readonly Readonly<Record<string, WriteFields>>[];
    RequestItems?: Readonly<Record<string, readonly { PutRequest?: { Item: Item }; DeleteRequest?: { Key: Item } }[]>>;
  };
  if (operation === 'TransactWriteItems') return TransactItems.flatMap((item) => Object.values(item));
  if (operation !== 'BatchWriteItem') return [];
  return Object.entries(RequestItems).flatMap(([TableName, requests]) =>
    requests.map(({ PutRequest, DeleteRequest }) => ({ TableName, ...(PutRequest ?? {}), ...(DeleteRequest ?? {}) })),
  );
}
