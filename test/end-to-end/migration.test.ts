/** The examples of docs/migration, before and after, called by fal's client. */
import { join } from 'node:path';
import { startApp, type StartedApp } from 'cdk-serverless-gpu/testing';
import { pythonPackages } from '../support/python-packages';
import { endAllSgpu, sgpuProgram } from './sgpu-program';

const ROOT = join(__dirname, '..', '..');
const EXAMPLES = join(ROOT, 'examples');
const COG_SERVER = join(__dirname, 'apps', 'cog_server.py');

let apps: StartedApp;

beforeAll(async () => {
  const cog = `exec python3 '${COG_SERVER}' '${join(EXAMPLES, 'from-cog', 'predict.py')}'`;
  const rewritten = ['from-docker-server', 'from-cog', 'from-modal', 'from-runpod'];
  apps = await startApp(
    { command: cog, name: 'cog-model' },
    { ...options(), args: ['--keep-alive', '600', ...rewritten.map((folder) => join(EXAMPLES, folder, 'app.py'))] },
  );
});
afterAll(async () => {
  await apps.stop();
  await endAllSgpu();
});

function options(): NonNullable<Parameters<typeof startApp>[1]> {
  return { program: sgpuProgram(), env: { SGPU_CACHE: join(ROOT, 'node_modules', '.cache', 'sgpu-test') } };
}

async function streamed(endpoint: string, input: object): Promise<readonly unknown[]> {
  const events: unknown[] = [];
  const stream = await apps.fal.stream(endpoint, { input });
  for await (const event of stream) events.push(event);
  return events;
}

describe('a server in Docker', () => {
  const text = 'One two. Seventeen';

  test('is served unchanged', async () => {
    const packages = await pythonPackages('fastapi==0.136.3', 'uvicorn==0.54.0');
    const command = `PYTHONPATH='${packages}' exec python3 -m uvicorn main:app --port $PORT`;
    const cwd = join(EXAMPLES, 'from-docker-server', 'server');
    const server = await startApp({ command, name: 'readability-server' }, { ...options(), cwd });
    const { data } = await server.fal.subscribe(`${server.appId}/score`, { input: { text } });
    expect(data).toEqual({ score: 5.33 });
    expect(await (await fetch(`${server.url}/health`)).json()).toEqual({ status: 'ok' });
    const answer = await fetch(`${server.url}/score/stream`, {
      method: 'POST',
      body: JSON.stringify({ text }),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect((await answer.text()).match(/^data: .*$/gm)).toEqual(['data: {"score": 3.0}', 'data: {"score": 9.0}']);
    await server.stop();
  });

  test('is rewritten as an app', async () => {
    const { data } = await apps.fal.subscribe('local/readability/score', { input: { text } });
    expect(data).toEqual({ score: 5.33 });
    expect(await streamed('local/readability/score/stream', { text })).toEqual([{ score: 3 }, { score: 9 }]);
  });
});

describe('a model of Cog', () => {
  const text = 'to be or not to be';

  test('is served unchanged', async () => {
    const { data } = await apps.fal.subscribe('local/cog-model/predictions', { input: { input: { text, limit: 1 } } });
    expect(data).toMatchObject({ status: 'succeeded', output: ['be'] });
  });

  test('keeps its calls by PUT, and its events', async () => {
    const call = (accept: string): Promise<Response> =>
      fetch(`${apps.url}/run/local/cog-model/predictions/one`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ input: { text } }),
      });
    expect(await (await call('application/json')).json()).toMatchObject({ output: ['be', 'or', 'not'] });
    const events = await (await call('text/event-stream')).text();
    expect(events.match(/^event: .*$/gm)).toEqual([
      'event: start',
      ...['be', 'or', 'not'].map(() => 'event: output'),
      'event: completed',
    ]);
  });

  test('is rewritten as an app', async () => {
    const { data } = await apps.fal.subscribe('local/common-words', { input: { text, limit: 2 } });
    expect(data).toEqual({ output: ['be', 'or'] });
    expect(await streamed('local/common-words/stream', { text, limit: 1 })).toEqual([{ output: ['be'] }]);
    await expect(apps.fal.run('local/common-words', { input: { text, limit: 11 } })).rejects.toMatchObject({
      status: 422,
    });
  });
});

test('a class of Modal is rewritten as an app', async () => {
  const text = 'Arrive at 7. Send 2 cars.';
  const { data } = await apps.fal.subscribe('local/telegraph', { input: { text, stops: false } });
  expect(data).toEqual({ telegram: 'ARRIVE AT 7 SEND TWO CARS' });
  expect(await streamed('local/telegraph/stream', { text })).toEqual([
    { telegram: 'ARRIVE AT SEVEN' },
    { telegram: 'SEND TWO CARS' },
  ]);
}, 300_000);

describe('a handler of RunPod', () => {
  test('is served as it is', async () => {
    const { data, requestId } = await apps.fal.subscribe('local/primes', { input: { limit: 10 } });
    expect(data).toEqual({ job: requestId, primes: [2, 3, 5, 7] });
    expect(await streamed('local/primes/stream', { limit: 4 })).toEqual([{ prime: 2 }, { prime: 3 }]);
  });

  test('understands callers that send what they sent to RunPod', async () => {
    const { data } = await apps.fal.run('local/primes', { input: { input: { limit: 3 } } });
    expect(data).toMatchObject({ primes: [2] });
  });

  test('fails a request as it failed a job', async () => {
    await expect(apps.fal.subscribe('local/primes', { input: { limit: 'ten' } })).rejects.toMatchObject({
      status: 400,
      body: { detail: 'limit must be a whole number' },
    });
  });
});
