/** The platform's one DynamoDB table: its items, and writes that are known to be done even when their answer was lost. */
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  paginateQuery,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClientConfig,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TABLE } from '../aws-layout';

export type Item = Readonly<Record<string, AttributeValue>>;

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/**
 * A client for the table. Throttling is answered by slowing down, for all calls of the process alike; a call gives up after
 * `ATTEMPTS`, some 5 to 20 s. A connection that says nothing is given up early: DynamoDB answers in milliseconds.
 */
export function dynamoClient(config: DynamoDBClientConfig = {}): DynamoDBClient {
  return new DynamoDBClient({
    maxAttempts: ATTEMPTS,
    retryMode: 'adaptive',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 1_000,
      requestTimeout: 3_000,
      throwOnRequestTimeout: true,
    }),
    ...config,
  });
}

const ATTEMPTS = 6;

/** The attribute that says which write made an item what it is. */
const WRITE = 'w';

export interface Change {
  /** Attributes to set. */
  readonly set?: Item;
  readonly remove?: readonly string[];
  /** Members to take out of a string set. */
  readonly takeOut?: Item;
  /** Members to add to a string set. */
  readonly add?: Item;
  readonly condition?: string;
  /** Values that only the condition names, with their colon. */
  readonly values?: Item;
}

export class DynamoTable {
  constructor(
    readonly client: DynamoDBClient,
    readonly name: string,
  ) {}

  /** Reads what was last written. 1 read unit up to 4 KB. */
  async get(key: ItemKey, consistency: 'consistent' | 'eventual' = 'consistent'): Promise<Item | undefined> {
    const { Item: item } = await this.client.send(
      new GetItemCommand({ TableName: this.name, Key: keyItem(key), ConsistentRead: consistency === 'consistent' }),
    );
    return item;
  }

  async put(key: ItemKey, item: Item): Promise<void> {
    await this.client.send(new PutItemCommand({ TableName: this.name, Item: { ...item, ...keyItem(key) } }));
  }

  /** Stores an item unless the key is taken: then answers with the item that has it. */
  async create(key: ItemKey, item: Item): Promise<Item | undefined> {
    return this.conditional(async (write) => {
      await this.client.send(
        new PutItemCommand({
          TableName: this.name,
          Item: { ...item, ...keyItem(key), [WRITE]: write },
          ConditionExpression: `attribute_not_exists(${TABLE.partitionKey})`,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
    });
  }

  /** Changes an item in place, or makes it when it has no condition; false when the condition does not hold. */
  async update(key: ItemKey, change: Change): Promise<boolean> {
    const refused = await this.conditional(async (write) => {
      const { set = {}, condition, ...rest } = change;
      const marked = condition === undefined ? set : { ...set, [WRITE]: write };
      await this.client.send(
        new UpdateItemCommand({
          TableName: this.name,
          Key: keyItem(key),
          ...expressions({ ...rest, set: marked }),
          ...(condition === undefined
            ? {}
            : { ConditionExpression: condition, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
        }),
      );
    });
    return refused === undefined;
  }

  /** True when there was such an item. */
  async remove(key: ItemKey): Promise<boolean> {
    const { Attributes } = await this.client.send(
      new DeleteItemCommand({ TableName: this.name, Key: keyItem(key), ReturnValues: 'ALL_OLD' }),
    );
    return Attributes !== undefined;
  }

  /** The items of a query, page after page as they are asked for. */
  async *query(query: Omit<QueryCommandInput, 'TableName'>): AsyncGenerator<Item, void> {
    for await (const { Items = [] } of paginateQuery({ client: this.client }, { ...query, TableName: this.name })) {
      yield* Items;
    }
  }

  /** How many items a query finds. */
  async count(query: Omit<QueryCommandInput, 'TableName'>): Promise<number> {
    const pages = paginateQuery({ client: this.client }, { ...query, TableName: this.name, Select: 'COUNT' });
    let total = 0;
    for await (const { Count = 0 } of pages) total += Count;
    return total;
  }

  /** One page of at most `Limit` items. */
  async page(query: Omit<QueryCommandInput, 'TableName'>): Promise<readonly Item[]> {
    const { Items = [] } = await this.client.send(new QueryCommand({ ...query, TableName: this.name }));
    return Items;
  }

  /** Those of the items that exist, in any order, by eventually consistent reads. */
  async getAll(keys: readonly ItemKey[]): Promise<readonly Item[]> {
    const found: Item[] = [];
    let wanted = keys.map(keyItem);
    for (let refusals = 0; wanted.length > 0;) {
      const answer = await this.client.send(
        new BatchGetItemCommand({ RequestItems: { [this.name]: { Keys: wanted.slice(0, BATCH) } } }),
      );
      found.push(...(answer.Responses?.[this.name] ?? []));
      const left = answer.UnprocessedKeys?.[this.name]?.Keys ?? [];
      wanted = [...left, ...wanted.slice(BATCH)];
      // Keys that are left over were throttled, which the client does not see.
      if (left.length === 0) continue;
      if (++refusals === ATTEMPTS) throw new Error(`DynamoDB throttles the table ${this.name}`);
      await sleep(50 * 2 ** refusals * Math.random());
    }
    return found;
  }

  /**
   * Makes a conditional write; answers with the item that stood in its way. The client repeats a write whose answer was
   * lost. If it was done the first time, the repetition finds the item changed, by this very write: that is success. Where
   * somebody else changed the item again in between, the write is taken for refused although it had been done for a moment;
   * the caller finds out when it reads.
   */
  private async conditional(write: (mark: AttributeValue) => Promise<void>): Promise<Item | undefined> {
    const mark = randomBytes(9);
    try {
      await write({ B: mark });
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const item: Item = error.Item ?? {};
      return mark.equals(item[WRITE]?.B ?? Buffer.of()) ? undefined : item;
    }
  }
}

/** Most items of one BatchGetItem. */
const BATCH = 100;

export function keyItem({ pk, sk }: ItemKey): Record<string, AttributeValue> {
  return { [TABLE.partitionKey]: { S: pk }, [TABLE.sortKey]: { S: sk } };
}

export function keyOf(item: Item): ItemKey {
  return { pk: item[TABLE.partitionKey]?.S ?? '', sk: item[TABLE.sortKey]?.S ?? '' };
}

/** Names are aliased throughout: any of them may be a word that DynamoDB reserves. */
function expressions(change: Change): Pick<UpdateInput, 'UpdateExpression' | Names | Values> {
  const names: Record<string, string> = {};
  const values: Record<string, AttributeValue> = { ...change.values };
  const alias = (name: string): string => {
    names[`#${name}`] = name;
    return `#${name}`;
  };
  const pairs = (item: Item = {}, joint: string): string =>
    Object.entries(item)
      .map(([name, value]) => {
        values[`:new_${name}`] = value;
        return `${alias(name)}${joint}:new_${name}`;
      })
      .join(', ');
  const clauses = [
    ['SET', pairs(change.set, ' = ')],
    ['REMOVE', (change.remove ?? []).map(alias).join(', ')],
    ['ADD', pairs(change.add, ' ')],
    ['DELETE', pairs(change.takeOut, ' ')],
  ].filter(([, clause]) => clause !== '');
  return {
    UpdateExpression: clauses.map(([word, clause]) => `${word} ${clause}`).join(' '),
    ExpressionAttributeNames: names,
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  };
}

type UpdateInput = ConstructorParameters<typeof UpdateItemCommand>[0];
type Names = 'ExpressionAttributeNames';
type Values = 'ExpressionAttributeValues';
