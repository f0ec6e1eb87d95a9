/** An HTTP server that knows nothing of the platform, served unchanged by `--exec`. */
import { createFalClient, type FalClient } from '@fal-ai/client';
import { createServer, type AddressInfo } from 'node:net';
import { endAllSgpu, Sgpu } from './sgpu-program';
import { TestFolder } from './test-folder';

/** As people write them: it answers on any path, streams on one and hangs on to nothing. */
const SERVER = `
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        if self.path.startswith('/events'):
            return self.stream()
        self.answer({'method': 'GET', 'path': self.path, 'color': self.headers.get('x-color')})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('content-length', 0)))
        self.answer({'method': 'POST', 'path': self.path, 'body': json.loads(body or 'null')})

    def answer(self, value):
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self):
        self.send_response(200)
        self.send_header('content-type', 'text/event-stream')
        self.send_header('connection', 'close')
        self.end_headers()
        for number in range(3):
            self.wfile.write(f'data: {{"n": {number}}}\\n\\n'.encode())
            self.wfile.flush()
        self.close_connection = True

    def log_message(self, format, *args):
        print('served', self.path, flush=True)

ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
`;

const folder = new TestFolder();
let sgpu: Sgpu;
let fal: FalClient;

beforeAll(async () => {
  const port = await freePort();
  const server = folder.write('server.py', SERVER);
  sgpu = await Sgpu.serve(
    ['--exec', `python3 '${server}' ${port}`, '--app-port', String(port), '--name', 'plain', '--keep-alive', '1'],
    { folder: folder.path },
  );
  fal = createFalClient({ credentials: sgpu.key, proxyUrl: { url: sgpu.url, when: 'always' } });
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

/** Free a moment ago: the server has its port from its command, so the system can't choose it. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

test('its paths are reached by any method, directly and under its name', async () => {
  for (const base of [sgpu.url, `${sgpu.url}/run/local/plain`]) {
    const got = await fetch(`${base}/some/page?q=1&r=a%20b`, { headers: { 'x-color': 'blue' } });
    expect(await got.json()).toEqual({ method: 'GET', path: '/some/page?q=1&r=a%20b', color: 'blue' });
    const posted = await fetch(`${base}/deep/er`, { method: 'POST', body: '{"a":[1]}' });
    expect(await posted.json()).toEqual({ method: 'POST', path: '/deep/er', body: { a: [1] } });
  }
});

test("it is called through fal's queue, with its log", async () => {
  const logs: string[] = [];
  const answer: unknown = await fal.subscribe('local/plain/jobs', {
    input: { size: 3 },
    logs: true,
    onQueueUpdate: (update) => {
      if (update.status === 'COMPLETED') logs.push(...update.logs.map(({ message }) => message));
    },
  });
  expect(answer).toMatchObject({ data: { method: 'POST', path: '/jobs', body: { size: 3 } } });
  expect(logs).toContain('served /jobs');
});

test('its event streams arrive as events, with ids to resume by', async () => {
  const answer = await fetch(`${sgpu.url}/events`);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  const text = await answer.text();
  expect([...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data)).toEqual(['{"n": 0}', '{"n": 1}', '{"n": 2}']);
  const [firstId] = [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '');
  const resumed = await fetch(`${sgpu.url}/events`, { headers: { 'last-event-id': firstId ?? '' } });
  expect(await resumed.text()).toBe(text.slice(text.indexOf('\n\n') + 2));
});

test('it goes when nobody needs it and comes back when somebody does', async () => {
  await sgpu.printed(/1 → 0 runners: idle for keep_alive \(1 s\)/);
  expect((await fetch(`${sgpu.url}/again`)).status).toBe(200);
  expect(sgpu.output.match(/0 → 1 runners: 1 request waits and none is ready/g)?.length).toBeGreaterThan(1);
});
