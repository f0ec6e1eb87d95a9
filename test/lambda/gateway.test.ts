/** The bundled gateway on an emulated account, driven by fal's own clients. */
import { createFalClient, type FalClient } from '@fal-ai/client';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import type { LambdaProcess } from '../aws/lambda-process';
import { eventually } from '../contract/eventually';
import { runPython } from '../clients/python-client';
import { APP, type AppHandler, Bundle, BundledGateway, NAMES } from './bundled-gateway';
import { tlsFront, type TlsFront } from './tls-front';
import { TraceDaemon } from './trace-daemon';

const MIB = 1024 ** 2;

let bundle: Bundle;
let gateway: BundledGateway;
let lambda: LambdaProcess;
let key: string;
let fal: FalClient;

beforeAll(async () => {
  [bundle, gateway] = await Promise.all([Bundle.build('lambda/gateway.ts'), BundledGateway.start()]);
  lambda = await gateway.serve(bundle.path);
  key = await gateway.key();
  fal = createFalClient({ credentials: key, proxyUrl: { url: lambda.url, when: 'always' } });
  await gateway.runAgent(paint);
});
afterAll(async () => {
  await gateway.stop();
  await bundle.remove();
});
afterEach(() => {
  expect(gateway.errors.splice(0)).toEqual([]);
});

const hanging = new Set<ServerResponse>();

/** Answers with what it was asked, as JSON, as events or as bytes; `/hang` answers when it is cancelled. */
const paint: AppHandler = (request, response, body) => {
  const { pathname } = new URL(request.url ?? '/', 'http://app');
  if (pathname === '/hang') {
    hanging.add(response);
    return;
  }
  if (pathname === '/hang/cancel') {
    for (const waiting of hanging) waiting.writeHead(499).end();
    hanging.clear();
  }
  if (pathname === '/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: {"step":1,"of":${body}}\n\n`);
    setTimeout(() => response.end('data: {"step":2}\n\n'), 300);
  } else if (pathname === '/bytes') {
    response.writeHead(201, { 'content-type': 'application/octet-stream', 'set-cookie': 'seen=1' });
    response.end(Buffer.from([0, 255, 128]));
  } else {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ painted: JSON.parse(body || '{}') as unknown, by: request.headers['x-fal-caller-user-id'] }),
    );
  }
};

const authorization = (): Record<string, string> => ({ authorization: `Key ${key}` });

const post = (path: string, body: unknown, headers = {}): Promise<Response> =>
  fetch(`${lambda.url}${path}`, {
    method: 'POST',
    headers: { ...authorization(), ...headers },
    body: JSON.stringify(body),
  });

describe('the JavaScript client', () => {
  test('subscribes by polling and by streaming', async () => {
    for (const mode of ['polling', 'streaming'] as const) {
      const statuses: string[] = [];
      const { data } = await fal.subscribe(APP, {
        input: { prompt: mode },
        mode,
        logs: true,
        onQueueUpdate: ({ status }) => statuses.push(status),
      });
      expect(data).toEqual({ painted: { prompt: mode }, by: NAMES.platform });
      expect(statuses.at(-1)).toBe('COMPLETED');
    }
  });

  test('runs and streams', async () => {
    expect((await fal.run(APP, { input: { prompt: 'a cat' } })).data).toMatchObject({ painted: { prompt: 'a cat' } });
    const stream = await fal.stream(`${APP}/stream`, { input: {} });
    const steps: unknown[] = [];
    for await (const event of stream) steps.push(event);
    expect(steps).toEqual([{ step: 1, of: {} }, { step: 2 }]);
  });

  test('cancels', async () => {
    const { request_id: requestId } = await fal.queue.submit(`${APP}/hang`, { input: {} });
    await eventually(async () => {
      expect((await fal.queue.status(APP, { requestId })).status).toBe('IN_PROGRESS');
    });
    await fal.queue.cancel(APP, { requestId });
    await eventually(async () => {
      expect((await gateway.requests.get(requestId))?.state).toBe('COMPLETED');
    });
  });

  test('uploads more than Lambda would take', async () => {
    const bytes = randomBytes(20 * MIB);
    const url = await fal.storage.upload(new File([bytes], 'weights.bin', { type: 'application/x-weights' }));
    expect(url).toMatch(lambda.url.replace('http:', ''));
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('application/x-weights');
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test('is told the way when a file has to go in parts', async () => {
    const response = await post('/rest/storage/upload/initiate-multipart?storage_type=fal-cdn-v3', {
      file_name: 'weights.bin',
      content_type: 'application/x-weights',
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('container') });
  });
});

describe('the Python client', () => {
  let front: TlsFront;
  beforeAll(async () => {
    front = await tlsFront(lambda.url);
  });
  afterAll(() => front.close());

  const python = (program: string): Promise<string> =>
    runPython({ ...front, key }, `import fal_client, httpx\n${program}`);

  test('subscribes, runs and streams', async () => {
    const output = await python(`
print(fal_client.subscribe('${APP}', arguments={'prompt': 'a cat'})['painted'])
print(fal_client.run('${APP}', arguments={'prompt': 'a dog'})['painted'])
print([event['step'] for event in fal_client.stream('${APP}', arguments={})])
`);
    expect(output.split('\n')).toEqual(["{'prompt': 'a cat'}", "{'prompt': 'a dog'}", '[1, 2]']);
  });

  test('uploads what Lambda takes, by both of its ways', async () => {
    const output = await python(`
for repository in ['fal_v3', 'fal']:
    url = fal_client.upload(b'm' * 3_000_000, 'text/plain', file_name='cat.txt', repository=repository)
    response = httpx.get(url, follow_redirects=True)
    print(response.headers['content-type'].split(';')[0], len(response.content))
`);
    expect(output.split('\n')).toEqual(['text/plain 3000000', 'text/plain 3000000']);
  });
});

describe('over HTTP', () => {
  test('bytes, cookies and statuses of the app arrive as they are', async () => {
    const response = await post(`/run/${APP}/bytes`, {});
    expect(response.status).toBe(201);
    expect(response.headers.get('set-cookie')).toBe('seen=1');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 128]);
  });

  test('an event is sent when it is made, not with the last', async () => {
    const response = await post(`/run/${APP}/stream`, {});
    const reader = response.body!.getReader();
    const first = Buffer.from((await reader.read()).value).toString();
    expect(first).toContain('"step":1');
    expect(first).not.toContain('"step":2');
    await reader.cancel();
  });

  test('whoever asks for a WebSocket is told which gateway takes them', async () => {
    const socket = new WebSocket(`${lambda.url.replace('http', 'ws')}/run/${APP}/ws`, { headers: authorization() });
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    expect([response.statusCode, JSON.parse(await text(response))]).toEqual([
      501,
      { detail: expect.stringContaining('`gateway: Gateway.container({ domainName, certificate })`') as unknown },
    ]);
  });

  test('nobody gets in without a key', async () => {
    expect((await fetch(`${lambda.url}/run/${APP}`, { method: 'POST', body: '{}' })).status).toBe(401);
  });

  test('a call that outlasts the function is cancelled and answered 504', async () => {
    const short = await gateway.serve(bundle.path, 7);
    const response = await fetch(`${short.url}/run/${APP}/hang`, {
      method: 'POST',
      body: '{}',
      headers: authorization(),
    });
    expect(response.status).toBe(504);
    expect(response.headers.get('x-fal-request-timeout-type')).toBe('user');
    const id = response.headers.get('x-fal-request-id')!;
    await eventually(async () => {
      expect((await gateway.requests.get(id))?.state).toBe('COMPLETED');
    });
  });

  test('a request for which no runner is free pokes the controller once', async () => {
    while ((await gateway.controlMessages()).length > 0);
    const submitted = await Promise.all(Array.from({ length: 6 }, () => post(`/queue/${APP}/hang`, {})));
    expect(submitted.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200));
    await eventually(async () => {
      expect(await gateway.controlMessages()).toEqual([{ kind: 'poke', app: APP }]);
    });
    for (const response of submitted) {
      const { request_id: id } = (await response.json()) as { request_id: string };
      await gateway.queue.cancel(id);
    }
  });
});

describe('traced by X-Ray', () => {
  let daemon: TraceDaemon;
  beforeAll(async () => {
    daemon = await TraceDaemon.start();
  });
  afterAll(() => {
    daemon.stop();
  });

  test('each call that is sampled is a subsegment with its route and its status, and nothing of its path', async () => {
    const traced = await gateway.serve(bundle.path, 900, daemon.environment);
    const call = async (id: string, sampled: 0 | 1, path: string, headers = {}): Promise<void> => {
      const trace = `Root=1-65a1b2c3-${id.repeat(24)};Parent=53995c3f42cd8ad8;Sampled=${sampled}`;
      await (await fetch(`${traced.url}${path}`, { headers: { 'x-amzn-trace-id': trace, ...headers } })).text();
    };
    await call('a', 0, `/queue/${APP}/requests/secret/status`, authorization());
    await call('b', 1, `/queue/${APP}/requests/secret/status`, authorization());
    await call('c', 1, '/rest/users/current', authorization());
    await call('d', 1, '/rest/kv/get/secret/secret');
    const segments = await daemon.sent(3);
    const about = { name: '## gateway', parent_id: '53995c3f42cd8ad8' };
    expect(segments).toMatchObject([
      { ...about, trace_id: expect.stringContaining('bbb'), annotations: { route: 'GET /queue/*', status: 404 } },
      { ...about, trace_id: expect.stringContaining('ccc'), annotations: { route: 'GET /rest/users/current' } },
      { ...about, annotations: { route: 'GET /rest/kv/get/:database/:key{.+}', status: 401 }, error: true },
    ]);
    expect(segments[1]).not.toHaveProperty('error');
    expect(JSON.stringify(segments)).not.toContain('secret');
  });

  test('what traces is loaded where the template says so, and nowhere else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'untraced-'));
    try {
      const copy = join(folder, 'index.mjs');
      await copyFile(bundle.path, copy);
      await writeFile(join(folder, 'tracing.mjs'), "throw new Error('loaded');");
      const untraced = await gateway.serve(copy);
      expect((await fetch(`${untraced.url}/rest/users/current`, { headers: authorization() })).status).toBe(200);
      await expect(gateway.serve(copy, 900, daemon.environment)).rejects.toThrow('ended with code');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
