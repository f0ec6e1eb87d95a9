/**
 * A request as items of the table. Its head lies with the heads of the same app and days, so that an app's requests can be
 * listed without an index; everything else of it lies under its id.
 */
import { PARTITION, QUEUE_STATE, TABLE } from '../aws-layout';
import { webhookDueAt, type Priority, type RequestHead } from '../domain/request';
import { appTag } from '../domain/tagged-id';
import type { Item, ItemKey } from './dynamo-table';
import { packed, unpacked } from './packed';

/** Attributes of a head's item, beside the keys of the indexes. Short, because every write pays for them. */
export const HEAD = {
  version: 'v',
  head: 'h',
  input: 'i',
  response: 'r',
  /** Sort keys of what was too large to lie beside the head. */
  inputKey: 'ik',
  responseKey: 'rk',
} as const;

const { queue, due } = TABLE.indexes;

/** Digits of an id that say its period: 2^28 ms, some three days. */
const PERIOD_DIGITS = 5;
const PERIOD_MS = 2 ** 28;

export function headKey(id: string): ItemKey {
  return { pk: periodPartition(id.slice(0, PERIOD_DIGITS), id.slice(-6)), sk: id };
}

/** Partitions that hold the heads of an app's requests, from the period of `latest` back to that of `earliest` (ms). */
export function* headPartitions(app: string, latest: number, earliest: number): Generator<string> {
  for (let period = Math.floor(latest / PERIOD_MS); period >= Math.floor(earliest / PERIOD_MS); period--) {
    yield periodPartition(period.toString(16).padStart(PERIOD_DIGITS, '0'), appTag(app));
  }
}

function periodPartition(period: string, tag: string): string {
  return `${PARTITION.request}${period}-${tag}`;
}

/** Where the rest of a request lies: events, large bodies. */
export function partsPartition(id: string): string {
  return `${PARTITION.request}${id}`;
}

export function queuePartition(app: string): string {
  return `${PARTITION.queue}${app}#active`;
}

export function queueSortKey({ priority, id }: { readonly priority: Priority; readonly id: string }): string {
  return `${priority === 'normal' ? 0 : 1}${id}`;
}

/** The partition of the index `due` that has requests with a webhook to be sent. */
export const WEBHOOKS = 'webhooks';

/** The whole of a head but its bodies. Attributes that are absent must not be there either. */
export function headAttributes(head: RequestHead): Item {
  return {
    [HEAD.version]: { N: String(head.version) },
    [HEAD.head]: { B: packed(head) },
    ...(head.state === 'COMPLETED' ? endedAttributes(head) : queueAttributes(head)),
  };
}

/** What the item must not keep of the state before, when it gets these attributes. */
export function absentAttributes(attributes: Item): readonly string[] {
  const bodies = TABLE.timeToLive in attributes ? [] : [HEAD.response, HEAD.responseKey];
  return [...STATE_ATTRIBUTES, ...bodies].filter((name) => !(name in attributes));
}

export function headOf(item: Item): RequestHead {
  const stored = item[HEAD.head]?.B;
  if (stored === undefined) throw new Error('The item has no head');
  return unpacked(stored).record as RequestHead;
}

/**
 * A request stays in the index from its submission to its end: a claim changes its state there, which is one write to the
 * index where taking it out and putting it elsewhere would be two.
 */
function queueAttributes(head: RequestHead): Item {
  return {
    [queue.partitionKey]: { S: queuePartition(head.app) },
    [queue.sortKey]: { S: queueSortKey(head) },
    [QUEUE_STATE.state]: { S: head.state === 'IN_QUEUE' ? QUEUE_STATE.waiting : QUEUE_STATE.inProgress },
    [QUEUE_STATE.submittedAt]: { N: String(head.submittedAt) },
    ...(head.state === 'IN_QUEUE' && head.startDeadline !== undefined
      ? { [QUEUE_STATE.startDeadline]: { N: String(head.startDeadline) } }
      : {}),
  };
}

function endedAttributes(head: RequestHead): Item {
  const webhookAt = webhookDueAt(head);
  return {
    ...(head.expiresAt === undefined ? {} : { [TABLE.timeToLive]: { N: String(Math.ceil(head.expiresAt / 1000)) } }),
    ...(webhookAt === undefined
      ? {}
      : { [due.partitionKey]: { S: WEBHOOKS }, [due.sortKey]: { N: String(webhookAt) } }),
  };
}

const STATE_ATTRIBUTES: readonly string[] = [
  queue.partitionKey,
  queue.sortKey,
  QUEUE_STATE.state,
  QUEUE_STATE.submittedAt,
  QUEUE_STATE.startDeadline,
  due.partitionKey,
  due.sortKey,
  TABLE.timeToLive,
];
