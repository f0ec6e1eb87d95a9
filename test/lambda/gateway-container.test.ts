/** The bundle of the gateway's container, run as its image runs it: two tasks of one service, with a runner's processes. */
import { createFalClient } from '@fal-ai/client';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { falApp } from '../aws/fal-processes';
import { runPython } from '../clients/python-client';
import { eventually } from '../contract/eventually';
import { floodReadSlowly, wholeFlood } from '../end-to-end/flood';
import { TestFolder } from '../end-to-end/test-folder';
import { WebSocketCaller } from '../end-to-end/web-socket-caller';
import { APP, Bundle, BundledGateway } from './bundled-gateway';
import { GatewayTask } from './gateway-task';
import { tlsFront } from './tls-front';

const APPS = join(__dirname, '..', 'end-to-end', 'apps', 'live.py');

// Apps and agents start on a machine that does much else.
const PATIENCE_MS = 60_000;
jest.setTimeout(120_000);

const folder = new TestFolder();
let [container, agent]: Bundle[] = [];
let gateway: BundledGateway;
let key: string;
let [first, second]: GatewayTask[] = [];

beforeAll(async () => {
  [container, agent, gateway] = await Promise.all([
    Bundle.build('lambda/container.ts'),
    Bundle.build('runner-image/agent/main.ts'),
    BundledGateway.start(),
  ]);
  key = await gateway.key();
  const { environment } = gateway;
  [first, second] = await Promise.all([environment, environment].map((its) => GatewayTask.start(container!.path, its)));
  await gateway.runTask({ agent: agent.path, app: await falApp(APPS, 'Live') });
}, 300_000);
afterAll(async () => {
  // SHOW=FILE: what agent and app printed, to find out why a test failed.
  if (process.env.SHOW !== undefined) writeFileSync(process.env.SHOW, gateway.lines.join('\n'));
  await Promise.all([first?.end('SIGKILL'), second?.end('SIGKILL')]);
  await gateway.stop();
  await Promise.all([container?.remove(), agent?.remove()]);
  folder.remove();
});

const connect = (path: string, options = {}, task = first): Promise<WebSocketCaller> =>
  WebSocketCaller.connect(`${task!.url}/run/${APP}${path}`, {
    headers: { authorization: `Key ${key}` },
    ...options,
  });
const clientOf = (task: GatewayTask): ReturnType<typeof createFalClient> =>
  createFalClient({ credentials: key, proxyUrl: { url: task.url, when: 'always' } });

test('a file that Lambda would not take is uploaded in parts', async () => {
  const bytes = randomBytes(95 * 1024 ** 2);
  const file = await clientOf(first!).storage.upload(new File([bytes], 'weights.bin'));
  expect(Buffer.from(await (await fetch(file)).arrayBuffer()).equals(bytes)).toBe(true);
});

describe("fal's JavaScript client", () => {
  /** The host of the client's WebSockets is a literal. */
  let target: GatewayTask;
  const open = new Set<WebSocket>();
  class Repointed extends WebSocket {
    constructor(url: string) {
      super(url.replace('wss://fal.run', `${target.url.replace('http', 'ws')}/run`));
      this.binaryType = 'arraybuffer';
      open.add(this);
      this.once('close', () => open.delete(this));
    }
  }
  beforeAll(() => {
    jest.spyOn(console, 'warn').mockImplementation();
    (globalThis as { WebSocket?: unknown }).WebSocket = Repointed;
  });
  afterAll(() => {
    delete (globalThis as { WebSocket?: unknown }).WebSocket;
    jest.restoreAllMocks();
  });

  interface Conversation {
    readonly heard: unknown[];
    readonly say: (number: number) => void;
    readonly close: () => void;
  }
  function converse(task: GatewayTask, connectionKey: string): Conversation {
    target = task;
    const heard: unknown[] = [];
    const { send, close } = clientOf(task).realtime.connect<{ number: number }, object>(APP, {
      ...{ connectionKey, path: '/both', throttleInterval: 0 },
      onResult: ({ ...result }) => void heard.push(result),
      onError: (error) => void heard.push(error),
    });
    return {
      heard,
      close,
      say: (number) => {
        send({ number });
      },
    };
  }
  const hears = (heard: unknown[], expected: unknown[]): Promise<void> =>
    eventually(async () => {
      expect(heard).toEqual(expected);
    }, PATIENCE_MS);

  test('converses with one runner through both tasks side by side, with tokens', async () => {
    const one = converse(first!, 'one');
    one.say(1);
    await hears(one.heard, [{ doubled: 2 }]);
    const other = converse(second!, 'other');
    other.say(10);
    await hears(other.heard, [{ doubled: 20 }]);
    one.say(2);
    await hears(one.heard, [{ doubled: 2 }, { doubled: 4 }]);
    one.close();
    other.close();
    await eventually(async () => {
      expect(open.size).toBe(0);
    }, PATIENCE_MS);
  });
});

test("fal's Python client converses in all four modes, is told errors and opens raw WebSockets", async () => {
  const front = await tlsFront(second!.url);
  const output = await runPython(
    { ...front, key },
    `
import fal_client
from fal_client.client import RealtimeError
client = fal_client.SyncClient()
def numbers(path, sent, count):
    with client.realtime('${APP}', path=path) as connection:
        for number in sent:
            connection.send({'number': number})
        return [connection.recv()['doubled'] for _ in range(count)]
print(numbers('/realtime', [1], 1), numbers('/count', [3], 3), numbers('/sum', [1, 2], 1), numbers('/both', [1, 2], 2))
try:
    numbers('/realtime', [-1], 1)
except RealtimeError as error:
    print(error.error, error.reason)
with client.ws_connect('${APP}', path='/ws') as connection:
    connection.send(b'\\x00\\xff')
    print(connection.recv())
`,
  );
  await front.close();
  expect(output.split('\n')).toEqual([
    '[2] [0, 2, 4] [6] [2, 4]',
    "INTERNAL_ERROR -1 can't be painted",
    "b'\\x00\\xff'",
  ]);
});

describe('a bare WebSocket', () => {
  test('carries text as text and bytes as bytes, in order, with the subprotocol of the app', async () => {
    const caller = await connect('/ws', { protocols: ['echo.v1', 'echo.v2'] });
    for (const message of ['first', Buffer.from('00ff', 'hex'), '']) caller.send(message);
    expect([await caller.next(), await caller.next(), await caller.next()]).toEqual(['first', 'bytes 00ff', '']);
    expect(caller.socket.protocol).toBe('echo.v2');
    caller.send('close 4321');
    expect(await caller.closed).toEqual({ code: 4321, reason: 'as asked' });
  });

  test('is refused as by the app, and without a key by the gateway', async () => {
    await expect(connect('/refuse')).rejects.toThrow('response: 403');
    await expect(connect('/ws', { headers: {} })).rejects.toThrow('response: 401');
  });

  test('loses nothing when its caller reads slowly', async () => {
    const caller = await connect('/flood');
    expect(await floodReadSlowly(caller)).toBe(wholeFlood());
    expect(await caller.closed).toMatchObject({ code: 1000 });
  });

  test('tells the app how its caller left, and of a caller who broke off', async () => {
    const [polite, rude] = [await connect('/watched'), await connect('/watched')];
    expect([await polite.ask(folder.file('polite')), await rude.ask(folder.file('rude'))]).toEqual(['ready', 'ready']);
    polite.socket.close(1000);
    rude.socket.terminate();
    await eventually(async () => {
      expect(folder.lines('polite')).toEqual(['connected', 'left with 1000']);
      expect(folder.lines('rude')).toEqual(['connected', 'left with 1005']);
      expect(gateway.lines.join('\n').match(/the connection was cancelled/g)).toHaveLength(1);
    }, PATIENCE_MS);
  });
});

describe('a task that ends', () => {
  test('closes its WebSockets with 1012, and those of the other task go on', async () => {
    const [leaving, staying] = [await connect('/ws'), await connect('/ws', {}, second)];
    expect([await leaving.ask('here'), await staying.ask('there')]).toEqual(['here', 'there']);
    const ended = first!.end();
    expect(await leaving.closed).toMatchObject({ code: 1012 });
    expect(await ended).toEqual([0, null]);
    expect(await staying.ask('still there')).toBe('still there');
    staying.socket.close();
  });

  test('a runner notices when it is gone at once', async () => {
    const caller = await connect('/watched', {}, second);
    await caller.ask(folder.file('lost'));
    await second!.end('SIGKILL');
    await eventually(async () => {
      expect(folder.lines('lost')).toEqual(['connected', 'left with 1005']);
    }, PATIENCE_MS);
  });
});
