import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { randomBytes } from 'node:crypto';
import { runnerPartitions } from '../../../runtime/aws-layout';
import { dynamoClient, type DynamoTable } from '../../../runtime/aws/dynamo-table';
import { DynamoRequestStore } from '../../../runtime/aws/request-store';
import { DynamoRunnerRegistry } from '../../../runtime/aws/runner-registry';
import {
  claim,
  complete,
  heartbeat,
  submitted,
  redrive,
  webhookAttempted,
  type NewRequest,
  type Outcome,
  type RequestHead,
} from '../../../runtime/domain/request';
import { becameReady, launched } from '../../../runtime/domain/runner';
import { TaggedIds } from '../../../runtime/domain/tagged-id';
import type { RequestInput, StoredResponse } from '../../../runtime/ports';
import { LEASE_MS, RequestQueue } from '../../../runtime/queue/request-queue';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../../support/aws-emulator';
import { unitsOf } from '../../support/dynamo-meter';
import { createTable } from '../../support/dynamo-table';
import { MemoryBlobStore } from '../../support/memory-blob-store';
import { ManualClock, MemoryDoorbell } from '../../support/memory-stores';

const APP = 'platform/my-app';
const ids = new TaggedIds(randomBytes);

let emulator: AwsEmulator;
let client: DynamoDBClient;
let table: DynamoTable;
let clock: ManualClock;
let store: DynamoRequestStore;

beforeAll(async () => {
  emulator = await startAwsEmulator();
  client = dynamoClient(clientOf(emulator));
});
beforeEach(async () => {
  table = await createTable(client);
  clock = new ManualClock();
  store = new DynamoRequestStore({ table, blobs: new MemoryBlobStore(), clock });
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
});

describe('a request of ordinary size', () => {
  it('costs what the table above DynamoRequestStore says', async () => {
    // The first request of a process also makes its app's queue known.
    await store.create(newRequest(), INPUT);
    const head = newRequest({ webhookUrl: 'https://example.com/hook?token=abc' });
    const running = claimed(head);
    const renewed = defined(heartbeat(running, FENCE, clock.now() + 10_000, LEASE_MS));
    const done = defined(complete(renewed, FENCE, { status: 200, inferenceTime: 1.234 }, clock.now()));
    const delivered = defined(webhookAttempted(done, { delivered: true }));
    const other = claimed(newRequest());
    const simple = defined(complete(other, FENCE, { status: 200, inferenceTime: 1.234 }, clock.now()));

    expect(await units(() => store.create(head, INPUT))).toEqual({ write: 2, read: 0 });
    expect(await units(() => store.waiting(APP, 16))).toEqual({ write: 0, read: 1.5 });
    expect(await units(() => store.replace(running))).toEqual({ write: 2, read: 0 });
    expect(await units(() => store.input(head.id))).toEqual({ write: 0, read: 0 });
    expect(await units(() => store.input(head.id))).toEqual({ write: 0, read: 0.5 });
    expect(await units(() => store.replace(renewed))).toEqual({ write: 1, read: 0 });
    expect(await units(() => store.get(head.id))).toEqual({ write: 0, read: 1 });
    expect(await units(() => store.replace(done, RESPONSE))).toEqual({ write: 3, read: 0 });
    expect(await units(() => store.response(head.id))).toEqual({ write: 0, read: 0.5 });
    expect(await units(() => store.get(head.id))).toEqual({ write: 0, read: 1 });
    expect(await units(() => store.response(head.id))).toEqual({ write: 0, read: 0 });
    expect(await units(() => store.replace(delivered))).toEqual({ write: 2, read: 0 });
    await store.create(withId(newRequest(), other.id), INPUT);
    await store.replace(other);
    expect(await units(() => store.replace(simple, RESPONSE))).toEqual({ write: 2, read: 0 });
  });

  it('costs one unit for a batch of its events', async () => {
    const events = Array.from({ length: 20 }, (_, n) => ({
      kind: 'chunk' as const,
      at: clock.now() + n,
      bytes: Buffer.from(`data: {"token": "word ${n}"}\n\n`),
    }));
    expect(await units(() => store.appendEvents(newRequest().id, 1, 0, events))).toEqual({ write: 1, read: 0 });
  });
});

describe('a large body', () => {
  const large = randomBytes(200_000);

  it('is kept whole, apart from the head', async () => {
    const head = newRequest();
    await store.create(head, { ...INPUT, body: { bytes: large } });
    const done = await finished(head, { ...RESPONSE, body: { bytes: large } });
    const input = await store.input(head.id);
    const response = await store.response(head.id);
    expect([bodyOf(input), bodyOf(response)]).toEqual([large, large]);
    expect(await units(() => store.get(done.id))).toEqual({ write: 0, read: 1 });
  });

  it('leaves nothing behind when its request is removed', async () => {
    const head = newRequest();
    const { write: empty } = await units(async () => undefined);
    await store.create(head, { ...INPUT, body: { bytes: large } });
    await finished(head, { ...RESPONSE, body: { bytes: large } });
    await store.appendEvents(head.id, 1, 0, [{ kind: 'chunk', at: 1, bytes: large }]);
    await store.remove(head.id);
    expect(empty).toBe(0);
    expect(await store.input(head.id)).toBeUndefined();
    expect(await units(() => store.remove(head.id))).toEqual({ write: 0, read: expect.any(Number) });
  });
});

describe('a body that was read with its head', () => {
  it('is not answered with once the head was written anew', async () => {
    const done = await finished(await created(), RESPONSE, DEAD_LETTER);
    await store.get(done.id);
    await store.replace(defined(redrive(done)));
    expect(await store.response(done.id)).toBeUndefined();
    expect(await store.input(done.id)).toEqual(INPUT);
  });

  it('is looked up again after a second', async () => {
    const done = await finished(await created(), RESPONSE, DEAD_LETTER);
    await store.get(done.id);
    const another = new DynamoRequestStore({ table, blobs: new MemoryBlobStore(), clock });
    await another.replace(defined(redrive(done)));
    clock.advance(1_000);
    expect(await store.response(done.id)).toBeUndefined();
  });

  it('is gone when it was discarded', async () => {
    const head = await created();
    await store.get(head.id);
    await store.discardInput(head.id);
    expect(await store.input(head.id)).toBeUndefined();
  });
});

describe('a finished request', () => {
  it("can't be read any more once it has expired, although DynamoDB still has it", async () => {
    const done = await finished(await created(), RESPONSE);
    clock.advance(defined(done.expiresAt) - clock.now() - 1);
    expect(await store.get(done.id)).toEqual(done);
    clock.advance(1);
    expect(await store.get(done.id)).toBeUndefined();
    expect(await store.response(done.id)).toBeUndefined();
    expect(await store.input(done.id)).toBeUndefined();
    expect(await store.list(APP, 10)).toEqual([]);
  });

  it('is listed with those of other days, newest first', async () => {
    const days: RequestHead[] = [];
    for (let day = 0; day < 9; day++) {
      days.unshift(await created());
      clock.advance(86_400_000);
    }
    expect(await store.list(APP, 20)).toEqual(days);
    expect(await store.list(APP, 3, days[3]?.id)).toEqual(days.slice(4, 7));
  });
});

describe('a heartbeat', () => {
  it('keeps a request from being due although the index never learns of it', async () => {
    const running = claimed(await created());
    await store.replace(running);
    const renewed = defined(heartbeat(running, FENCE, clock.now() + 10_000, LEASE_MS));
    await store.replace(renewed);
    clock.advance(LEASE_MS);
    expect(await store.due(clock.now(), 10)).toEqual([]);
    clock.advance(10_000);
    expect(await store.due(clock.now(), 10)).toEqual([renewed]);
  });
});

describe('what a runner does', () => {
  it('touches only partitions that its role may touch', async () => {
    await store.create(newRequest(), INPUT);
    await store.create(newRequest(), { ...INPUT, body: { bytes: randomBytes(5_000) } });
    const touched = partitionsTouched();
    await actAsRunner();
    const allowed = runnerPartitions(APP).map(pattern);
    expect(touched.size).toBeGreaterThan(4);
    expect([...touched].filter((partition) => !allowed.some((rule) => rule.test(partition)))).toEqual([]);
  });

  async function actAsRunner(): Promise<void> {
    const fresh = new DynamoRequestStore({ table, blobs: new MemoryBlobStore(), clock });
    const queue = new RequestQueue({ store: fresh, doorbell: new MemoryDoorbell(), clock });
    const runners = new DynamoRunnerRegistry(table);
    const runner = launched({ id: ids.next(APP, clock.now()), app: APP, revision: '3', createdAt: clock.now() });
    await runners.create(runner);
    await runners.replace(defined(becameReady(runner, clock.now())));
    await runners.joinReady(APP, '3', runner.id);
    await runners.readySet(APP, '3');
    for (let taken = 0; taken < 2; taken++) {
      const head = defined(await queue.claim(APP, runner.id));
      const fence = { runner: runner.id, attempt: head.attempt };
      await fresh.input(head.id);
      await fresh.appendEvents(head.id, 1, 0, [{ kind: 'log', at: 1, level: 'info', message: 'x' }]);
      await queue.heartbeat(head.id, fence);
      await queue.complete(head.id, fence, { status: 200 }, { ...RESPONSE, body: { bytes: randomBytes(5_000) } });
      await fresh.discardInput(head.id);
    }
    // A message of another service that it adopts.
    await fresh.create(newRequest(), INPUT);
    await runners.retire(APP, '3', runner.id);
    await runners.leaveReady(APP, '3', runner.id);
  }

  /** As `dynamodb:LeadingKeys` would have them. */
  function partitionsTouched(): Set<string> {
    const touched = new Set<string>();
    client.middlewareStack.add(
      (next) => (call) => {
        for (const partition of leadingKeys(call.input as Parameters<typeof leadingKeys>[0])) touched.add(partition);
        return next(call);
      },
      { step: 'initialize', name: 'partitions', override: true },
    );
    return touched;
  }
});

describe('waiting for a change', () => {
  it('asks seldom when nothing has changed for long', async () => {
    const head = await created();
    const looks = await units(async () => {
      for (let waits = 0; waits < 4; waits++) await store.changed(head.id, 500);
    });
    // A look at every shortest pause would be 40 read units.
    expect(looks.read).toBeLessThan(20);
    expect(looks.read).toBeGreaterThan(0);
  });
});

type Values = Readonly<Record<string, { readonly S?: string }>>;

function leadingKeys(input: {
  readonly Key?: Values;
  readonly Item?: Values;
  readonly ExpressionAttributeValues?: Values;
  readonly KeyConditionExpression?: string;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly Values[] }>>;
}): readonly string[] {
  const {
    KeyConditionExpression: condition,
    ExpressionAttributeValues: values = {},
    RequestItems: batches = {},
  } = input;
  const asked = /^\w+ = (:\w+)/.exec(condition ?? '')?.[1];
  const keys = [input.Key?.pk, input.Item?.pk, asked === undefined ? undefined : values[asked]];
  const batched = Object.values(batches).flatMap(({ Keys }) => Keys.map((key) => key.pk));
  return [...keys, ...batched].flatMap((value) => (value?.S === undefined ? [] : [value.S]));
}

/** `StringLike` with `*` alone. */
function pattern(like: string): RegExp {
  const parts = like.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\/]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

const DEAD_LETTER: Outcome = { status: 500, deadLetter: true };

const FENCE = { runner: 'runner-1', attempt: 1 };

const INPUT: RequestInput = {
  method: 'POST',
  target: '/predict',
  headers: {
    'content-type': 'application/json',
    'user-agent': 'fal-client/1.0.3 (python)',
    accept: 'application/json',
    'accept-encoding': 'gzip, deflate',
  },
  body: {
    bytes: Buffer.from(
      JSON.stringify({
        prompt: 'a photograph of an astronaut riding a horse on the moon, cinematic light, 35mm',
        seed: 424_242,
        image_size: 'landscape_4_3',
        num_inference_steps: 28,
      }),
    ),
  },
};

const RESPONSE: StoredResponse = {
  status: 200,
  headers: { 'content-type': 'application/json', 'content-length': '215' },
  body: {
    bytes: Buffer.from(
      JSON.stringify({
        images: [
          {
            url: 'https://gpu.example.com/cdn/files/8f14e45fceea/image.png',
            width: 1024,
            height: 768,
            content_type: 'image/png',
          },
        ],
        seed: 424_242,
        timings: { inference: 1.234 },
      }),
    ),
  },
};

function units(calls: () => Promise<unknown>): ReturnType<typeof unitsOf> {
  return unitsOf(table, calls);
}

function newRequest(over: Partial<NewRequest> = {}): RequestHead {
  const now = clock.now();
  return submitted({
    id: ids.next(APP, now),
    app: APP,
    path: '/predict',
    mode: 'queue',
    caller: 'user-1',
    priority: 'normal',
    submittedAt: now,
    retry: {},
    ...over,
  });
}

function withId(head: RequestHead, id: string): RequestHead {
  return { ...head, id };
}

async function created(): Promise<RequestHead> {
  const head = newRequest();
  await store.create(head, INPUT);
  return head;
}

function claimed(head: RequestHead): RequestHead {
  return defined(claim(head, FENCE.runner, clock.now(), LEASE_MS));
}

async function finished(
  head: RequestHead,
  response: StoredResponse,
  outcome: Outcome = { status: 200 },
): Promise<RequestHead> {
  const running = claimed(head);
  await store.replace(running);
  const done = defined(complete(running, FENCE, outcome, clock.now()));
  expect(await store.replace(done, response)).toBe(true);
  return done;
}

function bodyOf(record: RequestInput | StoredResponse | undefined): Buffer {
  if (record === undefined || !('bytes' in record.body)) throw new Error('There are no bytes');
  return Buffer.from(record.body.bytes);
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Nothing there');
  return value;
}
