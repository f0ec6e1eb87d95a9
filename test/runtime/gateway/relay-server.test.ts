/** A gateway's relay server and the runners that come to it. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { GatewayConnections } from '../../../runtime/agent/gateway-connections';
import { RelayServer } from '../../../runtime/gateway/relay-server';
import type {
  CallerSocket,
  RefusedHandshake,
  RelayAddress,
  WebSocketClose,
  WebSocketMessage,
} from '../../../runtime/ports';

/** A caller who says what the test wants, and remembers what became of it. */
class TestCaller implements CallerSocket {
  readonly received: unknown[] = [];
  readonly closed: Promise<WebSocketClose>;
  private end!: (end: WebSocketClose) => void;

  constructor(private readonly saying: readonly WebSocketMessage[] = []) {
    this.closed = new Promise((resolve) => (this.end = resolve));
  }

  async accept(protocol?: string): Promise<void> {
    this.received.push({ accepted: protocol });
  }

  async refuse(answer: RefusedHandshake): Promise<void> {
    this.received.push({ refused: { ...answer, body: Buffer.from(answer.body).toString() } });
    this.end({ code: 1006, reason: '' });
  }

  async *messages(): AsyncGenerator<WebSocketMessage, void> {
    yield* this.saying;
    await this.closed;
  }

  async send(message: WebSocketMessage): Promise<void> {
    this.received.push(message);
  }

  async close(end: WebSocketClose): Promise<void> {
    this.received.push({ closed: end });
    this.end(end);
  }
}

const addresses = new Map<string, RelayAddress>();
let relay: RelayServer;
let runner: GatewayConnections;
beforeEach(async () => {
  relay = await RelayServer.start({
    addresses: {
      put: async (request, address) => void addresses.set(request, address),
      get: async (request) => addresses.get(request),
      remove: async (request) => void addresses.delete(request),
    },
    host: '127.0.0.1',
    port: 0,
  });
  runner = new GatewayConnections({ get: async (request) => addresses.get(request) });
});
afterEach(async () => {
  await relay.close();
  addresses.clear();
});

async function offered(saying: readonly WebSocketMessage[] = []): Promise<TestCaller> {
  const caller = new TestCaller(saying);
  await relay.offer('one', caller);
  return caller;
}

test('messages pass both ways, as text and as bytes, to the end that the app brings about', async () => {
  const caller = await offered(['text', Buffer.of(0, 255), '']);
  const joined = (await runner.join('one'))!;
  await joined.accept('v2');
  const heard: WebSocketMessage[] = [];
  for await (const message of joined.messages()) {
    heard.push(message);
    if (heard.length === 3) break;
  }
  expect(heard).toEqual(['text', Buffer.of(0, 255), '']);
  await joined.send('answer');
  await joined.send(Buffer.of(1));
  await joined.close({ code: 4321, reason: 'done' });
  expect(caller.received).toEqual([
    { accepted: 'v2' },
    'answer',
    Buffer.of(1),
    { closed: { code: 4321, reason: 'done' } },
  ]);
});

test('a refusal arrives as the app made it', async () => {
  const caller = await offered();
  const joined = (await runner.join('one'))!;
  await joined.refuse({ status: 403, headers: { 'x-why': 'no' }, body: Buffer.from('go away') });
  expect(caller.received).toEqual([{ refused: { status: 403, headers: { 'x-why': 'no' }, body: 'go away' } }]);
});

test('a caller who goes before anything has begun is told to the runner', async () => {
  const caller = await offered();
  const joined = (await runner.join('one'))!;
  await caller.close({ code: 1006, reason: '' });
  expect(await joined.closed).toEqual({ code: 1006, reason: '' });
});

test('a runner that leaves before it has begun makes room for another one', async () => {
  const caller = await offered(['kept']);
  const first = (await runner.join('one'))!;
  runner.leave('one');
  expect(await first.closed).toMatchObject({ code: 1006 });
  const second = (await new GatewayConnections({ get: async () => addresses.get('one') }).join('one'))!;
  await second.accept();
  expect((await second.messages()[Symbol.asyncIterator]().next()).value).toBe('kept');
  expect(caller.received).toEqual([{ accepted: undefined }]);
});

test('the caller of a runner that is cut off is told to connect again, and no other runner gets it', async () => {
  const caller = await offered();
  const socket = new WebSocket(`${relay.url}/one`, { headers: authorization() });
  await once(socket, 'open');
  socket.send(JSON.stringify({ kind: 'accept' }));
  socket.send(Buffer.from('\0hello'));
  while (!caller.received.includes('hello')) await new Promise(setImmediate);
  await expect(runner.join('one')).rejects.toThrow('answered 409');
  socket.terminate();
  expect(await caller.closed).toMatchObject({ code: 1012 });
});

test('a runner that leaves what it has begun leaves its end to the outcome of the request', async () => {
  const caller = await offered();
  const joined = (await runner.join('one'))!;
  await joined.accept();
  await joined.send('last');
  while (!caller.received.includes('last')) await new Promise(setImmediate);
  runner.leave('one');
  await joined.closed;
  await relay.close();
  expect(caller.received).toEqual([{ accepted: undefined }, 'last']);
});

test('whoever has no secret, or another one, is turned away', async () => {
  await offered();
  for (const headers of [
    {},
    { authorization: 'Bearer guessed' },
    { authorization: authorization().authorization.slice(0, -1) },
  ]) {
    const socket = new WebSocket(`${relay.url}/one`, { headers });
    await expect(once(socket, 'open')).rejects.toThrow('response: 403');
  }
});

test('a caller who is no longer there is none', async () => {
  await offered();
  const address = addresses.get('one')!;
  await relay.withdraw('one');
  expect(addresses.size).toBe(0);
  expect(await runner.join('one')).toBeUndefined();
  expect(await new GatewayConnections({ get: async () => address }).join('one')).toBeUndefined();
});

test('a gateway that is gone is named', async () => {
  await offered();
  const { url } = relay;
  await relay.close();
  await expect(runner.join('one')).rejects.toThrow(`The gateway at ${url} can't be reached`);
});

test.each([
  ['no JSON', 'accept'],
  ['nothing known', '{"kind":"open"}'],
  [
    'a header with a line of its own',
    '{"kind":"refuse","answer":{"status":403,"headers":{"a":"b\\r\\nc: d"},"body":""}}',
  ],
  ['a subprotocol with a line of its own', '{"kind":"accept","protocol":"a\\r\\nb: c"}'],
  ['bytes of no kind', Buffer.of(7)],
])('a runner that says %s is cut off', async (_what, said) => {
  const caller = await offered();
  const socket = new WebSocket(`${relay.url}/one`, { headers: authorization() });
  await once(socket, 'open');
  socket.send(said);
  expect((await once(socket, 'close'))[0]).toBe(1006);
  expect(caller.received).toEqual([]);
});

function authorization(): { readonly authorization: string } {
  return { authorization: `Bearer ${addresses.get('one')!.secret}` };
}
