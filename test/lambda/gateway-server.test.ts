import { once } from 'node:events';
import { get, request as httpRequest, type IncomingMessage } from 'node:http';
import { GatewayServer } from '../../lambda/gateway-server';
import { GATEWAY_CONTAINER } from '../../runtime/aws-layout';

const LONG_MS = 30_000;
const started: GatewayServer[] = [];

async function start(
  answer: (request: Request) => Promise<Response> | Response,
  options: Partial<Parameters<typeof GatewayServer.start>[0]> = {},
): Promise<{ readonly server: GatewayServer; readonly url: string }> {
  const server = await GatewayServer.start({
    answer: async (request) => answer(request),
    webSockets: { upgrade: ({ socket }) => socket.destroy() },
    port: 0,
    ...options,
  });
  started.push(server);
  return { server, url: `http://127.0.0.1:${server.port}` };
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close(0)));
});

/** Answers when the request's signal is aborted, with the reason. */
const patient = ({ signal }: Request): Promise<Response> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(new Response((signal.reason as Error).name, { status: 504 }));
    });
  });

const health = (url: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    get(`${url}${GATEWAY_CONTAINER.healthPath}`, { agent: false }, (response) => {
      response.resume().once('end', () => {
        resolve(response.statusCode);
      });
    }).once('error', reject);
  });

test('requests are answered, with their bodies', async () => {
  const { url } = await start(async (request) => new Response(`${request.method} ${await request.text()}`));
  expect(await (await fetch(url, { method: 'POST', body: 'hello' })).text()).toBe('POST hello');
});

test('it is healthy until it closes', async () => {
  const { server, url } = await start(patient);
  expect(await health(url)).toBe(200);
  await server.close(0);
  await expect(health(url)).rejects.toThrow();
});

test('a call in progress is finished while the server closes', async () => {
  let finish: (response: Response) => void = () => undefined;
  let arrived: () => void = () => undefined;
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  const { server, url } = await start(
    () =>
      new Promise((resolve) => {
        finish = resolve;
        arrived();
      }),
  );
  const waiting = fetch(url);
  await arrival;
  const closing = server.close(LONG_MS);
  finish(new Response('done'));
  expect(await (await waiting).text()).toBe('done');
  await closing;
});

test('a call that waits longer than the server may is told to end', async () => {
  const { server, url } = await start(patient);
  const waiting = fetch(url);
  await health(url);
  const closing = server.close(0);
  const response = await waiting;
  expect([response.status, await response.text()]).toEqual([504, 'OutOfTime']);
  await closing;
});

test('a caller who hangs up is noticed', async () => {
  let aborted: (reason: boolean) => void = () => undefined;
  const gone = new Promise<boolean>((resolve) => (aborted = resolve));
  const { url } = await start((request) => {
    request.signal.addEventListener('abort', () => {
      aborted(true);
    });
    return patient(request);
  });
  const call = httpRequest(url).on('error', () => undefined);
  call.end();
  await health(url);
  call.destroy();
  expect(await gone).toBe(true);
});

test('a connection that asks for a WebSocket is handed over', async () => {
  const { url } = await start(() => new Response('no upgrade'), {
    webSockets: {
      upgrade: ({ socket }) => {
        socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
      },
    },
  });
  const call = httpRequest(url, { headers: { connection: 'upgrade', upgrade: 'websocket' } });
  call.end();
  const [response] = (await once(call, 'upgrade')) as [IncomingMessage];
  expect(response.statusCode).toBe(101);
});

test('what offers another protocol is answered as if it had not', async () => {
  const { url } = await start(() => new Response('no upgrade'));
  const call = httpRequest(url, { headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' } });
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(200);
});
