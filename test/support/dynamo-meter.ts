/**
 * What calls cost in DynamoDB's units, by the sizes of the items before and after: moto does not say, and its own figures are
 * wrong. Each item must be written once at most in what is measured. DynamoDB Local 2.6.1 gave the same figures.
 */
import { ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { TABLE } from '../../runtime/aws-layout';
import type { DynamoTable, Item } from '../../runtime/aws/dynamo-table';
import { itemSize } from '../../runtime/aws/item-size';

export interface Units {
  readonly write: number;
  readonly read: number;
}

export async function unitsOf(table: DynamoTable, calls: () => Promise<unknown>): Promise<Units> {
  const before = await everything(table);
  const reads = meterOfReads(table.client);
  await calls();
  const read = reads.stop();
  const after = await everything(table);
  const keys = new Set([...before.keys(), ...after.keys()]);
  return { write: sum([...keys].map((key) => writeUnits(before.get(key), after.get(key)))), read };
}

/** A write unit is a KB begun of the larger of the two, and the same again for each entry of an index that changes. */
export function writeUnits(before: Item | undefined, after: Item | undefined): number {
  if (same(before, after)) return 0;
  const entries = Object.values(TABLE.indexes).map((index) => {
    const [old, next] = [entryOf(before, index), entryOf(after, index)];
    if (same(old, next)) return 0;
    const moved = old !== undefined && next !== undefined && !same(keysOf(old, index), keysOf(next, index));
    return moved ? kilobytes(old) + kilobytes(next) : Math.max(kilobytes(old), kilobytes(next));
  });
  return Math.max(kilobytes(before), kilobytes(after)) + sum(entries);
}

type Index = (typeof TABLE.indexes)[keyof typeof TABLE.indexes];

function entryOf(item: Item | undefined, index: Index): Item | undefined {
  if (item?.[index.partitionKey] === undefined) return undefined;
  const projected: readonly string[] = [
    TABLE.partitionKey,
    TABLE.sortKey,
    index.partitionKey,
    index.sortKey,
    ...index.attributes,
  ];
  return Object.fromEntries(Object.entries(item).filter(([name]) => projected.includes(name)));
}

function keysOf(entry: Item, index: Index): Item {
  return Object.fromEntries(
    Object.entries(entry).filter(([name]) => [index.partitionKey, index.sortKey].includes(name as never)),
  );
}

/** A consistent read takes a unit for 4 KB begun, one that may lag half of it. A query counts all its items together. */
export function readUnits(
  input: { readonly ConsistentRead?: boolean },
  output: { Item?: Item; Items?: Item[]; Responses?: Record<string, Item[]> },
): number {
  const price = input.ConsistentRead === true ? 1 : 0.5;
  const reads = [
    ...('Items' in output ? [output.Items ?? []] : []),
    ...Object.values(output.Responses ?? {}).flatMap((items) => items.map((item) => [item])),
    ...('Item' in output ? [[output.Item ?? {}]] : []),
  ];
  return sum(reads.map((items) => price * Math.max(1, Math.ceil(sum(items.map(itemSize)) / 4_096))));
}

function meterOfReads(client: DynamoDBClient): { stop: () => number } {
  let units = 0;
  const name = 'meter of reads';
  client.middlewareStack.add(
    (next) => async (call) => {
      const answer = await next(call);
      const input = call.input as { readonly ConsistentRead?: boolean };
      const output = answer.output as { Item?: Item; Items?: Item[]; Responses?: Record<string, Item[]> };
      units += readUnits(input, output);
      return answer;
    },
    { step: 'initialize', name },
  );
  return {
    stop: () => {
      client.middlewareStack.remove(name);
      return units;
    },
  };
}

async function everything(table: DynamoTable): Promise<Map<string, Item>> {
  const { Items = [] } = await table.client.send(new ScanCommand({ TableName: table.name, ConsistentRead: true }));
  return new Map(Items.map((item) => [JSON.stringify([item[TABLE.partitionKey], item[TABLE.sortKey]]), item]));
}

function kilobytes(item: Item | undefined): number {
  return item === undefined ? 0 : Math.ceil(itemSize(item) / 1_024);
}

function same(a: Item | undefined, b: Item | undefined): boolean {
  const text = (item: Item | undefined): string =>
    JSON.stringify(Object.entries(item ?? {}).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
