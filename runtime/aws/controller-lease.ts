/**
 * One at a time: a lease in the platform's table that Lambda invocations take turns at. Whoever finds it held leaves word
 * of what it wanted done; the holder can't let go before it has seen that, so that nothing asked for is lost.
 */
import {
  ConditionalCheckFailedException,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { TABLE } from '../aws-layout';
import type { Clock } from '../ports';

/** A partition that runners can't reach. */
const PARTITION_KEY = 'controller';

export interface ControllerLeaseOptions {
  readonly client: Pick<DynamoDBClient, 'send'>;
  readonly table: string;
  readonly clock: Clock;
  /** What is taken turns at. */
  readonly name: string;
  /** Who asks; different for every process. */
  readonly holder: string;
}

/** The lease in the hands of one holder. */
export interface HeldLease {
  /** Raised by every taking. */
  readonly generation: number;
  /** What was asked for while somebody else held the lease. */
  readonly wanted: readonly string[];
  /** The holder before this one and when it let go, ms since the epoch; absent at first and after one that died. */
  readonly before?: { readonly holder: string; readonly at: number };
}

/** In place of words that may have been lost with an answer: do everything. */
export const EVERYTHING = 'all';

export class ControllerLease {
  constructor(private readonly options: ControllerLeaseOptions) {}

  /**
   * Takes the lease until `until` (ms since the epoch), by when the caller must have ended. When somebody else holds it,
   * what is `wanted` is left for that one, and the answer is `undefined`.
   */
  async take(until: number, wanted: readonly string[]): Promise<HeldLease | undefined> {
    for (;;) {
      const held = await this.tryTake(until);
      if (held !== undefined) return held;
      if (await this.leaveWord(wanted)) return undefined;
    }
  }

  /** Lets go, unless something was asked for meanwhile: then the lease is held on, with that, and is the answer. */
  async release(held: HeldLease): Promise<HeldLease | undefined> {
    for (;;) {
      const released = await this.letGo(held, 'attribute_not_exists(#wanted)');
      if (released.done || !isHeld(released.current, held.generation)) return undefined;
      const heldOn = await this.takeWords(held);
      if (heldOn !== undefined) return heldOn;
    }
  }

  /** Lets go whatever was asked for meanwhile; the next who takes the lease is told of that and of `left`. */
  async abandon(held: HeldLease, left: readonly string[] = []): Promise<void> {
    if (left.length > 0) await this.leaveWord(left);
    await this.letGo(held);
  }

  private async tryTake(until: number): Promise<HeldLease | undefined> {
    const { holder, clock } = this.options;
    const taken = await this.update(
      'SET #holder = :holder, #until = :until, #generation = if_not_exists(#generation, :zero) + :one REMOVE #wanted',
      'attribute_not_exists(#until) OR #until <= :now',
      { holder, until, now: clock.now(), zero: 0, one: 1 },
    );
    if (taken.done) return heldSince(taken.before);
    const { generation, holder: other, until: end } = taken.current;
    // A write whose answer was lost is tried again and finds that it has succeeded.
    if (other?.S !== holder || end === undefined) return undefined;
    return { generation: Number(generation?.N), wanted: [EVERYTHING] };
  }

  /** False when nobody holds the lease any more. */
  private async leaveWord(wanted: readonly string[]): Promise<boolean> {
    const values = { wanted: new Set(wanted), now: this.options.clock.now() };
    return (await this.update('ADD #wanted :wanted', '#until > :now', values)).done;
  }

  private async letGo({ generation }: HeldLease, condition?: string): Promise<Update> {
    const mine = '#generation = :generation AND attribute_exists(#until)';
    return this.update(
      'SET #releasedAt = :now REMOVE #until',
      condition === undefined ? mine : `${mine} AND ${condition}`,
      { generation, now: this.options.clock.now() },
    );
  }

  /** `undefined` when there were none. */
  private async takeWords({ generation }: HeldLease): Promise<HeldLease | undefined> {
    const next = generation + 1;
    const taken = await this.update(
      'SET #generation = :next REMOVE #wanted',
      '#generation = :generation AND attribute_exists(#until) AND attribute_exists(#wanted)',
      { generation, next },
    );
    if (taken.done) return { generation: next, wanted: wantedIn(taken.before) };
    const mine = isHeld(taken.current, next) && taken.current.holder?.S === this.options.holder;
    return mine ? { generation: next, wanted: [EVERYTHING] } : undefined;
  }

  private async update(change: string, condition: string, values: Values): Promise<Update> {
    const { client, table, name } = this.options;
    const used = ATTRIBUTES.filter((attribute) => `${change} ${condition}`.includes(`#${attribute}`));
    try {
      const { Attributes } = await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: { [TABLE.partitionKey]: { S: PARTITION_KEY }, [TABLE.sortKey]: { S: name } },
          UpdateExpression: change,
          ConditionExpression: condition,
          ExpressionAttributeNames: Object.fromEntries(used.map((attribute) => [`#${attribute}`, attribute])),
          ExpressionAttributeValues: attributeValues(values),
          ReturnValues: 'ALL_OLD',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { done: true, before: Attributes ?? {} };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return { done: false, current: error.Item ?? {} };
      throw error;
    }
  }
}

type Item = Readonly<Record<string, AttributeValue>>;

type Update = { readonly done: true; readonly before: Item } | { readonly done: false; readonly current: Item };

type Values = Readonly<Record<string, string | number | ReadonlySet<string>>>;

const ATTRIBUTES = ['holder', 'until', 'generation', 'wanted', 'releasedAt'] as const;

function attributeValues(values: Values): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, attributeValue(value)]));
}

function attributeValue(value: string | number | ReadonlySet<string>): AttributeValue {
  if (typeof value === 'string') return { S: value };
  return typeof value === 'number' ? { N: String(value) } : { SS: [...value] };
}

function heldSince(before: Item): HeldLease {
  const generation = Number(before.generation?.N ?? 0) + 1;
  const died = before.until !== undefined;
  const at = died ? undefined : before.releasedAt?.N;
  return {
    generation,
    wanted: wantedIn(before),
    ...(at === undefined ? {} : { before: { holder: before.holder?.S ?? '', at: Number(at) } }),
  };
}

function isHeld(item: Item, generation: number): boolean {
  return item.until !== undefined && item.generation?.N === String(generation);
}

function wantedIn(item: Item): readonly string[] {
  return item.wanted?.SS ?? [];
}
