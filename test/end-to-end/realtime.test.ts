/** Realtime and WebSocket endpoints of real Python apps, called by fal's own clients and by bare WebSockets. */
import { createFalClient, type FalClient } from '@fal-ai/client';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { runPython } from '../clients/python-client';
import { eventually } from '../contract/eventually';
import { floodReadSlowly, wholeFlood } from './flood';
import { endAllSgpu, Sgpu } from './sgpu-program';
import { TestFolder } from './test-folder';
import { WebSocketCaller } from './web-socket-caller';

const LIVE = 'local/live';
const BOOTH = 'local/booth';
const BRIEF = 'local/brief';
const APPS = join(__dirname, 'apps', 'live.py');

const folder = new TestFolder();
let sgpu: Sgpu;
beforeAll(async () => {
  sgpu = await Sgpu.serve([`${APPS}::Live`, `${APPS}::Booth`, `${APPS}::Brief`, '--https'], {
    folder: folder.path,
    env: { BOOTH_GATE: folder.file('gate') },
  });
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

const connect = (path: string, options = {}): Promise<WebSocketCaller> =>
  WebSocketCaller.connect(`${sgpu.url}/run/${LIVE}${path}`, options);

describe("fal's JavaScript client", () => {
  /** The client's WebSocket host is a literal; re-pointed by a subclass of the global, as browsers' code may. */
  class Repointed extends WebSocket {
    constructor(url: string) {
      super(url.replace('wss://fal.run', `${sgpu.url.replace('http', 'ws')}/run`));
      this.binaryType = 'arraybuffer';
    }
  }

  let fal: FalClient;
  beforeAll(() => {
    jest.spyOn(console, 'warn').mockImplementation();
    (globalThis as { WebSocket?: unknown }).WebSocket = Repointed;
    fal = createFalClient({ credentials: sgpu.key, proxyUrl: { url: sgpu.url, when: 'always' } });
  });
  afterAll(() => {
    delete (globalThis as { WebSocket?: unknown }).WebSocket;
    jest.restoreAllMocks();
  });

  interface Conversation {
    readonly results: unknown[];
    readonly errors: unknown[];
    readonly send: (number: number) => void;
    readonly close: () => void;
  }
  function converse(path?: string, token?: () => Promise<string>): Conversation {
    const [results, errors]: [unknown[], unknown[]] = [[], []];
    const { send, close } = fal.realtime.connect<{ number: number }, object>(LIVE, {
      ...(path === undefined ? {} : { path }),
      ...(token === undefined ? {} : { tokenProvider: token }),
      connectionKey: `${path ?? 'default'} ${Math.random()}`,
      throttleInterval: 0,
      onResult: ({ ...result }) => void results.push(result),
      onError: (error) => void errors.push(error),
    });
    return {
      results,
      errors,
      close,
      send: (number) => {
        send({ number });
      },
    };
  }
  const doubled = (...numbers: readonly number[]): unknown[] => numbers.map((number) => ({ doubled: number }));
  const told = (conversation: Conversation, expected: unknown[]): Promise<void> =>
    eventually(async () => {
      expect([conversation.results, conversation.errors]).toEqual([expected, []]);
    });

  test('a unary endpoint answers each message', async () => {
    const conversation = converse();
    conversation.send(1);
    await told(conversation, doubled(2));
    conversation.send(2);
    await told(conversation, doubled(2, 4));
    conversation.close();
  });

  test('an endpoint streams its answer', async () => {
    const conversation = converse('/count');
    conversation.send(3);
    await told(conversation, doubled(0, 2, 4));
    conversation.close();
  });

  test('a client streams its input', async () => {
    const conversation = converse('/sum');
    conversation.send(3);
    await eventually(async () => {
      conversation.send(3);
      expect(conversation.results[0]).toEqual({ doubled: 12 });
    });
    conversation.close();
  });

  test('both sides stream', async () => {
    const conversation = converse('/both');
    conversation.send(5);
    await told(conversation, doubled(10));
    conversation.send(6);
    await told(conversation, doubled(10, 12));
    conversation.close();
  });

  test('what the app raised is told to onError', async () => {
    const conversation = converse();
    conversation.send(-1);
    await eventually(async () => {
      expect(conversation.errors[0]).toMatchObject({ message: "INTERNAL_ERROR: -1 can't be painted" });
    });
    conversation.close();
  });

  test('a token that is no longer good is replaced by a new one', async () => {
    const tokens = ['expired', await token()];
    const conversation = converse('/realtime', async () => tokens.shift() ?? '');
    conversation.send(4);
    await eventually(async () => {
      conversation.send(4);
      expect(conversation.results[0]).toEqual({ doubled: 8 });
    });
    expect(tokens).toEqual([]);
    conversation.close();
  });

  async function token(): Promise<string> {
    const answer = await fetch(`${sgpu.url}/rest/tokens/realtime`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Key ${sgpu.key}` },
      body: JSON.stringify({ allowed_apps: [`${LIVE}/realtime`], duration: 60 }),
    });
    return ((await answer.json()) as { token: string }).token;
  }
});

describe("fal's Python client", () => {
  const python = (program: string): Promise<string> =>
    runPython(sgpu.secure, `import fal_client, json\nfrom fal_client.client import RealtimeError\n${program}`);

  test.each(['True', 'False'])('converses in all four modes (use_jwt=%s)', async (useJwt) => {
    const output = await python(`
client = fal_client.SyncClient()
client_module = __import__('fal_client.client').client
def numbers(path, sent, count):
    with client.realtime('${LIVE}', path=path, use_jwt=${useJwt}) as connection:
        for number in sent:
            connection.send({'number': number})
        return [connection.recv()['doubled'] for _ in range(count)]
print(numbers('/realtime', [1], 1), numbers('/count', [3], 3), numbers('/sum', [1, 2], 1), numbers('/both', [1, 2], 2))
`);
    expect(output).toBe('[2] [0, 2, 4] [6] [2, 4]');
  });

  test('is told why a session ended, by timeout or by an error of the app', async () => {
    const output = await python(`
client = fal_client.SyncClient()
def end(*sent):
    with client.realtime('${LIVE}') as connection:
        try:
            for number in sent:
                connection.send({'number': number})
            while True:
                if connection.recv() is None:
                    return 'closed'
        except RealtimeError as error:
            return f'{error.error} {error.reason}'
print(json.dumps([end(1), end(-1)]))
`);
    expect(JSON.parse(output)).toEqual([
      'TIMEOUT no inputs, reconnect when needed!',
      "INTERNAL_ERROR -1 can't be painted",
    ]);
  });

  test('opens a raw WebSocket', async () => {
    const output = await python(`
client = fal_client.SyncClient()
with client.ws_connect('${LIVE}', path='/ws') as connection:
    connection.send('hello')
    connection.send(b'\\x00\\xff')
    print(connection.recv(), connection.recv())
`);
    expect(output).toBe("hello b'\\x00\\xff'");
  });
});

describe('a bare WebSocket', () => {
  test('carries text as text and bytes as bytes, in order', async () => {
    const caller = await connect('/ws');
    caller.send('first');
    caller.send(Buffer.from('00ff', 'hex'));
    caller.send('');
    expect([await caller.next(), await caller.next(), await caller.next()]).toEqual(['first', 'bytes 00ff', '']);
    caller.socket.close();
  });

  test('gives the app the platform headers and the query without what was meant for the platform', async () => {
    const caller = await connect('/ws?max_buffering=7&style=oil', { headers: { 'x-fal-caller-user-id': 'mallory' } });
    const headers = JSON.parse(await caller.ask('headers')) as Record<string, string>;
    expect(headers).toMatchObject({
      query: 'style=oil',
      'x-fal-caller-user-id': 'local',
      'x-fal-endpoint': `${LIVE}/ws`,
      'x-fal-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
    });
    caller.socket.close();
  });

  test('gets the subprotocol that the app chose', async () => {
    const caller = await connect('/ws', { protocols: ['echo.v1', 'echo.v2'] });
    expect(caller.socket.protocol).toBe('echo.v2');
    caller.socket.close();
  });

  test('is closed with the code and reason of the app', async () => {
    const caller = await connect('/ws');
    caller.send('close 4321');
    expect(await caller.closed).toEqual({ code: 4321, reason: 'as asked' });
  });

  test.each([
    ['a path that is no WebSocket', '/nothing', 403],
    ['a WebSocket that the app refuses', '/refuse', 403],
  ])('%s is refused as by the app', async (_what, path, status) => {
    await expect(connect(path)).rejects.toThrow(`Unexpected server response: ${status}`);
  });

  test('an app that is not there is not found', async () => {
    await expect(WebSocketCaller.connect(`${sgpu.url}/run/local/nobody/ws`)).rejects.toThrow('response: 404');
  });

  test('an endpoint that raises breaks off, and its runner goes on', async () => {
    const beside = await connect('/ws');
    const caller = await connect('/ws');
    caller.send('raise');
    expect(await caller.closed).toMatchObject({ code: 1011 });
    expect(await beside.ask('still there')).toBe('still there');
    beside.socket.close();
  });

  test('the app learns how its caller left, and is told of a caller who broke off', async () => {
    const [polite, rude] = [await connect('/watched'), await connect('/watched')];
    expect([await polite.ask(folder.file('polite')), await rude.ask(folder.file('rude'))]).toEqual(['ready', 'ready']);
    polite.socket.close(1000);
    rude.socket.terminate();
    await eventually(async () => {
      expect(folder.lines('polite')).toEqual(['connected', 'left with 1000']);
      // How the app's server says that there was no goodbye.
      expect(folder.lines('rude')).toEqual(['connected', 'left with 1005']);
      expect(sgpu.output.match(/the connection was cancelled/g)).toHaveLength(1);
    });
  });

  test('a caller who reads slowly loses nothing', async () => {
    const caller = await connect('/flood');
    expect(await floodReadSlowly(caller)).toBe(wholeFlood());
    expect(await caller.closed).toMatchObject({ code: 1000 });
  });

  test('a runner that dies breaks its connections off, and another one takes new ones', async () => {
    const [caller, beside] = [await connect('/ws'), await connect('/ws')];
    caller.send('die');
    expect([await caller.closed, await beside.closed]).toMatchObject([{ code: 1011 }, { code: 1011 }]);
    await eventually(async () => {
      const again = await connect('/ws');
      expect(await again.ask('back')).toBe('back');
      again.socket.close();
    });
  });

  test('what offers another protocol is answered as if it had not', async () => {
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'content-type': 'application/json' };
      const call = request(`${sgpu.url}/run/${LIVE}/`, { method: 'POST', headers }, (response) => {
        resolve(response.statusCode);
        response.resume();
      });
      call.end(JSON.stringify({ number: 1 }));
    });
    expect(status).toBe(200);
  });
});

test('a connection lasts request_timeout at most, and its runner goes on', async () => {
  const url = `${sgpu.url}/run/${BRIEF}/ws`;
  const caller = await WebSocketCaller.connect(url);
  const runner = await caller.next();
  expect(await caller.closed).toEqual({ code: 1001, reason: 'Request timed out' });
  const again = await WebSocketCaller.connect(url);
  expect(await again.next()).toBe(runner);
  again.socket.close();
});

describe('a runner that starts', () => {
  /** Says these things before its runner is there, hears what comes back, and makes room for the next. */
  async function visit(query: string, said: readonly string[], heard: readonly string[]): Promise<() => Promise<void>> {
    const caller = await WebSocketCaller.connect(`${sgpu.url}/run/${BOOTH}/ws${query}`);
    for (const message of said) caller.send(message);
    const taken = once(caller.socket, 'pong');
    caller.socket.ping();
    await taken;
    return async () => {
      for (const message of heard) expect(await caller.next()).toBe(message);
      caller.socket.close();
    };
  }

  test('gets what its caller said meanwhile, and takes one caller at a time', async () => {
    const visits = await Promise.all([
      visit('', ['early', 'words'], ['early', 'words']),
      visit('', ['mine'], ['mine']),
      visit('?max_buffering=2', ['dropped', 'kept', 'newest'], ['kept', 'newest']),
    ]);
    writeFileSync(folder.file('gate'), '');
    await Promise.all(visits.map((hear) => hear()));
  });

  test('closes its connections with 1012 when it is asked to leave', async () => {
    const caller = await WebSocketCaller.connect(`${sgpu.url}/run/${BOOTH}/ws`);
    expect(await caller.ask('here')).toBe('here');
    await sgpu.stop();
    expect(await caller.closed).toMatchObject({ code: 1012 });
  });
});
