/** What DynamoDB may do to its callers: lose answers, throttle, and show indexes as they were. */
import { QueryCommand, type DynamoDBClient, type QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { randomBytes } from 'node:crypto';
import { SystemClock } from '../../../runtime/aws/clock';
import { dynamoClient, DynamoTable } from '../../../runtime/aws/dynamo-table';
import { DynamoRequestStore } from '../../../runtime/aws/request-store';
import { DynamoRunnerRegistry } from '../../../runtime/aws/runner-registry';
import { claim, complete, submitted, type RequestHead } from '../../../runtime/domain/request';
import { launched } from '../../../runtime/domain/runner';
import { TaggedIds } from '../../../runtime/domain/tagged-id';
import { LEASE_MS, RequestQueue } from '../../../runtime/queue/request-queue';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../../support/aws-emulator';
import { createTable } from '../../support/dynamo-table';
import { first, startFaultyProxy, type Fault, type FaultyProxy } from '../../support/faulty-proxy';
import { MemoryBlobStore } from '../../support/memory-blob-store';
import { MemoryDoorbell } from '../../support/memory-stores';

const APP = 'owner/app';
/** An app that only tests of the queue use. */
const QUEUE = 'owner/queue';
const INPUT = { method: 'POST', target: '/', headers: {}, body: { bytes: Buffer.from('{}') } };
const ids = new TaggedIds(randomBytes);
const clock = new SystemClock();

let emulator: AwsEmulator;
let proxy: FaultyProxy;
let client: DynamoDBClient;
let table: DynamoTable;
let requests: DynamoRequestStore;
let runners: DynamoRunnerRegistry;

beforeAll(async () => {
  emulator = await startAwsEmulator();
  proxy = await startFaultyProxy(emulator.endpoint);
  client = dynamoClient({
    ...clientOf(emulator),
    endpoint: proxy.endpoint,
    requestHandler: new NodeHttpHandler({ requestTimeout: 1_000, throwOnRequestTimeout: true }),
  });
  const unhurried = dynamoClient(clientOf(emulator));
  table = new DynamoTable(client, (await createTable(unhurried)).name);
  unhurried.destroy();
});
beforeEach(() => {
  requests = storeOf(table);
  runners = new DynamoRunnerRegistry(table);
});
afterEach(() => {
  proxy.fault = () => 'none';
});
afterAll(async () => {
  client.destroy();
  await proxy.stop();
  await emulator.stop();
});

describe.each<Fault>(['lost', 'late'])('a write that was done, but whose answer is %s', (fault) => {
  it('has created a request, once', async () => {
    const head = newRequest();
    proxy.fault = first(1, 'PutItem', fault);
    expect(await requests.create(head, INPUT)).toBe(true);
    expect(await requests.create(head, INPUT)).toBe(false);
    expect(await requests.get(head.id)).toEqual(head);
  });

  it('has claimed a request, for one runner', async () => {
    const head = newRequest();
    await requests.create(head, INPUT);
    proxy.fault = first(2, 'UpdateItem', fault);
    const claims = ['a', 'b', 'c'].map((runner) => defined(claim(head, runner, clock.now(), LEASE_MS)));
    const results = await Promise.all(claims.map((next) => requests.replace(next)));
    expect(results.filter((result) => result)).toHaveLength(1);
    expect(await requests.get(head.id)).toEqual(claims[results.indexOf(true)]);
  });

  it('has ended a request with its response', async () => {
    const head = newRequest();
    await requests.create(head, INPUT);
    const running = defined(claim(head, 'a', clock.now(), LEASE_MS));
    await requests.replace(running);
    const done = defined(complete(running, { runner: 'a', attempt: 1 }, { status: 200 }, clock.now()));
    proxy.fault = first(1, 'UpdateItem', fault);
    const response = { status: 200, headers: {}, body: { bytes: Buffer.from('made') } };
    expect(await requests.replace(done, response)).toBe(true);
    expect(await requests.response(head.id)).toEqual(response);
  });

  it('has appended events, once', async () => {
    const { id } = newRequest();
    proxy.fault = first(1, 'PutItem', fault);
    await requests.appendEvents(id, 1, 0, [{ kind: 'log', at: 1, level: 'info', message: 'a' }]);
    expect(await requests.events(id, undefined, 10)).toHaveLength(1);
  });

  it('has created a runner, once', async () => {
    const runner = launched({ id: ids.next(APP, clock.now()), app: APP, revision: '1', createdAt: clock.now() });
    proxy.fault = first(1, 'PutItem', fault);
    expect(await runners.create(runner)).toBe(true);
    expect(await runners.create(runner)).toBe(false);
  });

  it('has taken one runner out of the READY set, and the floor holds', async () => {
    const revision = `after ${fault}`;
    for (const runner of ['a', 'b']) await runners.joinReady(APP, revision, runner);
    await runners.setFloor(APP, revision, 1);
    proxy.fault = first(1, 'UpdateItem', fault);
    expect(await runners.retire(APP, revision, 'a')).toBe(true);
    expect(await runners.retire(APP, revision, 'b')).toBe(false);
    expect(await runners.readySet(APP, revision)).toEqual({ floor: 1, runners: ['b'] });
  });
});

describe('an index that shows what was', () => {
  it('never leads to a claim of what somebody else holds or what is over', async () => {
    const [held, over, waits] = [newRequest(QUEUE), newRequest(QUEUE), newRequest(QUEUE)];
    for (const head of [held, over, waits]) await requests.create(head, INPUT);
    const stale = await staleStore();
    await requests.replace(defined(claim(held, 'first', clock.now(), LEASE_MS)));
    const running = defined(claim(over, 'first', clock.now(), LEASE_MS));
    await requests.replace(running);
    await requests.replace(defined(complete(running, { runner: 'first', attempt: 1 }, { status: 200 }, clock.now())));
    const queue = new RequestQueue({ store: stale, doorbell: new MemoryDoorbell(), clock });
    expect((await queue.claim(QUEUE, 'second'))?.id).toBe(waits.id);
    expect(await queue.claim(QUEUE, 'second')).toBeUndefined();
    expect((await requests.get(held.id))?.lease?.runner).toBe('first');
  });

  it('never leads to a claim by heads that are outdated as well', async () => {
    const head = newRequest(QUEUE);
    await requests.create(head, INPUT);
    const waiting = await requests.waiting(QUEUE, 100);
    await requests.replace(defined(claim(head, 'first', clock.now(), LEASE_MS)));
    const outdated = Object.assign(Object.create(requests) as DynamoRequestStore, {
      waiting: () => Promise.resolve(waiting.filter(({ id }) => id === head.id)),
    });
    const queue = new RequestQueue({ store: outdated, doorbell: new MemoryDoorbell(), clock });
    expect(await queue.claim(QUEUE, 'second')).toBeUndefined();
    expect((await requests.get(head.id))?.lease?.runner).toBe('first');
  });
});

describe('throttling', () => {
  it('is waited out', async () => {
    const head = newRequest();
    proxy.fault = first(2, 'PutItem', 'throttled');
    expect(await requests.create(head, INPUT)).toBe(true);
  });

  it('that does not end is reported after a bounded number of attempts', async () => {
    const head = newRequest();
    let attempts = 0;
    proxy.fault = (operation) => {
      if (operation !== 'GetItem') return 'none';
      attempts++;
      return 'throttled';
    };
    await expect(requests.get(head.id)).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(attempts).toBeLessThanOrEqual(6);
    expect(attempts).toBeGreaterThan(1);
  });
});

/** A store whose index stays as it is now. */
async function staleStore(): Promise<DynamoRequestStore> {
  const answers = new Map<string, QueryCommandOutput>();
  const send = async (command: { readonly input: object }): Promise<unknown> => {
    if (!(command instanceof QueryCommand) || command.input.IndexName === undefined)
      return client.send(command as never);
    const question = JSON.stringify(command.input);
    const answer = answers.get(question) ?? (await client.send(command));
    answers.set(question, answer);
    return answer;
  };
  // A paginator takes real clients alone; this one is a client but for what it sends.
  const lagging = Object.assign(Object.create(client) as DynamoDBClient, { send });
  const store = storeOf(new DynamoTable(lagging, table.name));
  await store.waiting(QUEUE, 16);
  return store;
}

function storeOf(of: DynamoTable): DynamoRequestStore {
  return new DynamoRequestStore({ table: of, blobs: new MemoryBlobStore(), clock });
}

function newRequest(app = APP): RequestHead {
  const now = clock.now();
  return submitted({
    id: ids.next(app, now),
    app,
    path: '/',
    mode: 'queue',
    caller: '',
    priority: 'normal',
    submittedAt: now,
    retry: {},
  });
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Nothing there');
  return value;
}
