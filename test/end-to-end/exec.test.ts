/** HTTP servers that know nothing of the platform, served unchanged: by `--exec`, and by a function with its port. */
import { createFalClient, type FalClient } from '@fal-ai/client';
import { mkdirSync } from 'node:fs';
import { pythonPackages } from '../support/python-packages';
import { freePort } from './free-port';
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
  fal = clientOf(sgpu);
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

function clientOf({ key, url }: Sgpu): FalClient {
  return createFalClient({ credentials: key, proxyUrl: { url, when: 'always' } });
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

/** Answers in two pieces, the second when the file `gate` is there. */
const PIECES = `
import time
from pathlib import Path

def pieces(gate):
    yield 'first\\n'
    while not Path(gate).exists():
        time.sleep(0.02)
    yield 'second\\n'
`;

const FASTAPI = `${PIECES}
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

app = FastAPI()

@app.get('/pieces')
def in_pieces(gate: str):
    return StreamingResponse(pieces(gate), media_type='text/plain')

@app.get('/events')
def as_events(gate: str):
    return StreamingResponse((f'data: {piece}\\n' for piece in pieces(gate)), media_type='text/event-stream')

@app.api_route('/{path:path}', methods=['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
async def echo(path: str, request: Request):
    return {'method': request.method, 'path': path, 'q': request.query_params.get('q'), 'body': (await request.body()).decode()}
`;

const FLASK = `${PIECES}
from flask import Flask, Response, request

app = Flask(__name__)

@app.get('/pieces')
def in_pieces():
    return Response(pieces(request.args['gate']), mimetype='text/plain')

@app.get('/events')
def as_events():
    return Response((f'data: {piece}\\n' for piece in pieces(request.args['gate'])), mimetype='text/event-stream')

@app.route('/<path:path>', methods=['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
def echo(path):
    return {'method': request.method, 'path': path, 'q': request.args.get('q'), 'body': request.get_data(as_text=True)}
`;

/** As fal's documentation moves a server: the function starts it, the platform installs what it needs. */
const flaskFunction = (server: string, port: number): string => `
import subprocess
import sys

import fal

@fal.function(requirements=['flask==3.1.3'], exposed_port=${port}, keep_alive=600)
def flask_server():
    subprocess.run([sys.executable, '-m', 'flask', '--app', '${server}', 'run', '--port', '${port}'], check=True)
`;

describe.each([['fastapi-server'], ['flask_server']])('%s', (name) => {
  let base: string;
  beforeAll(async () => {
    base = `${(await frameworks()).url}/run/local/${name}`;
    // The first time, what it needs is installed.
    await fetch(`${base}/hello`);
  }, 300_000);

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    '%s reaches it on any path, body and query as sent',
    async (method) => {
      const body = method === 'GET' ? '' : 'some text';
      const answer = await fetch(`${base}/deep/er?q=a%20b`, { method, ...(body === '' ? {} : { body }) });
      expect(await answer.json()).toEqual({ method, path: 'deep/er', q: 'a b', body });
    },
  );

  test.each([
    ['pieces', 'text/plain', 'first\n', 'second\n'],
    ['events', 'text/event-stream', 'data: first\n', 'data: second\n'],
  ])('%s of an answer arrive while it goes on', async (path, type, first, second) => {
    const gate = folder.file(`${name}-${path}`);
    const answer = await fetch(`${base}/${path}?gate=${encodeURIComponent(gate)}`);
    expect(answer.headers.get('content-type')).toContain(type);
    let text = '';
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const readUntil = async (wanted: string): Promise<void> => {
      while (!text.includes(wanted)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`The answer ended as ${JSON.stringify(text)}`);
        text += value;
      }
    };
    await readUntil(first);
    expect(text).not.toContain(second);
    folder.write(`${name}-${path}`, '');
    await readUntil(second);
    await reader.cancel();
  });

  test("it is called through fal's queue", async () => {
    const { data } = await clientOf(await frameworks()).subscribe(`local/${name}/jobs`, { input: { size: 3 } });
    expect(data).toMatchObject({ method: 'POST', path: 'jobs', body: '{"size":3}' });
  });
});

let served: Promise<Sgpu> | undefined;

/** Both servers on one platform. */
function frameworks(): Promise<Sgpu> {
  served ??= serveFrameworks();
  return served;
}

async function serveFrameworks(): Promise<Sgpu> {
  const fastapi = await pythonPackages('fastapi==0.136.3', 'uvicorn==0.54.0');
  // `plain` has the state folder of the one above.
  mkdirSync(folder.file('frameworks'));
  folder.write('frameworks/fastapi_server.py', FASTAPI);
  const flask = flaskFunction(folder.write('flask_server.py', FLASK), await freePort());
  const command = `PYTHONPATH='${fastapi}' exec python3 -m uvicorn fastapi_server:app --port $PORT`;
  const port = String(await freePort());
  const exec = ['--exec', command, '--app-port', port, '--name', 'fastapi-server', '--keep-alive', '600'];
  return Sgpu.serve([folder.write('flask_function.py', flask), ...exec], { folder: folder.file('frameworks') });
}
