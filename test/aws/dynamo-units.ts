/** What the calls that pass a recorder cost in DynamoDB's units, by the items before and after each write. */
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../runtime/aws/dynamo-table';
import { readUnits, writeUnits } from '../support/dynamo-meter';
import type { CallMeter } from './call-recorder';
import type { WireRequest } from './recorded-call';

/** What one call took, and of what: `GetItem app#cost/priced`. */
export interface UnitsOfCall {
  /** The access key id that signed the call. */
  readonly principal: string;
  readonly what: string;
  readonly write: number;
  readonly read: number;
}

interface CallFields {
  readonly TableName: string;
  readonly IndexName?: string;
  readonly ConsistentRead?: boolean;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ExpressionAttributeValues?: Item;
}

export class DynamoUnits implements CallMeter {
  readonly calls: UnitsOfCall[] = [];
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
    const fields = JSON.parse(body.toString()) as CallFields;
    const writes = writesOf(operation, fields);
    const principal = /Credential=([^/]+)\//.exec(String(headers.authorization))?.[1] ?? '';
    const call = { principal, what: `${operation} ${subjectOf(fields)}` };
    if (writes.length === 0) {
      return (answer) => {
        const output = JSON.parse(answer.toString() || '{}') as Parameters<typeof readUnits>[1];
        // An item that is not there is a read, too.
        const found = operation === 'GetItem' ? { Item: {}, ...output } : output;
        const counted = 'ScannedCount' in output && !('Items' in output);
        const read = counted ? unitsOfCount(Number(output.ScannedCount), fields) : readUnits(fields, found);
        this.calls.push({ ...call, write: 0, read });
        return Promise.resolve();
      };
    }
    const factor = operation.startsWith('Transact') ? 2 : 1;
    const before = await Promise.all(writes.map((write) => this.look(write)));
    return async () => {
      const after = await Promise.all(writes.map((write) => this.look(write)));
      // A write whose condition fails costs as much as one that changes nothing but its item: at least a unit.
      const units = before.map((old, index) => factor * Math.max(1, writeUnits(old, after[index])));
      this.calls.push({ ...call, write: units.reduce((total, unit) => total + unit, 0), read: 0 });
    };
  }

  private async look({ TableName, Key, Item: item }: CallFields): Promise<Item | undefined> {
    const key = Key ?? { pk: item?.pk, sk: item?.sk };
    const found = await this.#client.send(new GetItemCommand({ TableName, Key: key as Item, ConsistentRead: true }));
    return found.Item;
  }
}

/** A query that only counts reads the entries all the same: some 200 bytes each. */
function unitsOfCount(entries: number, { ConsistentRead: consistent }: CallFields): number {
  return Math.max(1, Math.ceil((entries * 200) / 4_096)) * (consistent === true ? 1 : 0.5);
}

/** The item or index, without what differs from one request to the next. */
function subjectOf({ IndexName, Key, Item: item, ExpressionAttributeValues: values = {} }: CallFields): string {
  if (IndexName !== undefined) return `index ${IndexName}`;
  const [partition, sort] = [(Key ?? item)?.pk?.S, (Key ?? item)?.sk?.S];
  const asked = partition ?? Object.values(values).find(({ S }) => S?.includes('#'))?.S ?? '';
  return [asked, sort ?? '']
    .map((part) => part.replace(/[0-9a-z]*[0-9][0-9a-z-]{8,}/gi, '…'))
    .join(' ')
    .trim();
}

function writesOf(operation: string, fields: CallFields): readonly CallFields[] {
  if (operation === 'PutItem' || operation === 'UpdateItem' || operation === 'DeleteItem') return [fields];
  const { TransactItems = [], RequestItems = {} } = fields as {
    TransactItems?: readonly Readonly<Record<string, CallFields>>[];
    RequestItems?: Readonly<Record<string, readonly { PutRequest?: { Item: Item }; DeleteRequest?: { Key: Item } }[]>>;
  };
  if (operation === 'TransactWriteItems') return TransactItems.flatMap((item) => Object.values(item));
  if (operation !== 'BatchWriteItem') return [];
  return Object.entries(RequestItems).flatMap(([TableName, requests]) =>
    requests.map(({ PutRequest, DeleteRequest }) => ({ TableName, ...(PutRequest ?? {}), ...(DeleteRequest ?? {}) })),
  );
}
