/** The examples of docs/migration, before and after, called by fal's client. */
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApp, type StartedApp } from 'cdk-serverless-gpu/testing';
import { freePort } from './free-port';
import { endAllSgpu, sgpuProgram } from './sgpu-program';
import { TestFolder } from './test-folder';

// The first time, environments are made.
jest.setTimeout(300_000);

const ROOT = join(__dirname, '..', '..');
const EXAMPLES = join(ROOT, 'examples');
const COG_SERVER = join(__dirname, 'apps', 'cog_server.py');

const folder = new TestFolder();
let apps: StartedApp;

beforeAll(async () => {
  const cog = `exec python3 '${COG_SERVER}' '${join(EXAMPLES, 'from-cog', 'predict.py')}'`;
  const rewritten = ['from-docker-server', 'from-cog', 'from-modal', 'from-runpod'];
  const files = [await serverOnFreePort(), ...rewritten.map((topic) => join(EXAMPLES, topic, 'app.py'))];
  apps = await startApp({ command: cog, name: 'cog-model' }, { ...options(), args: ['--keep-alive', '600', ...files] });
  // One after the other they would take their time to start.
  await Promise.all(apps.appIds.map((id) => fetch(`${apps.url}/run/${id}/`, { method: 'POST', body: '{}' })));
});
afterAll(async () => {
  await apps.stop();
  await endAllSgpu();
  folder.remove();
});

/** The function that starts a server, on another port than the one written there. */
async function serverOnFreePort(): Promise<string> {
  const source = join(EXAMPLES, 'from-docker-server');
  cpSync(join(source, 'server'), folder.file('server'), { recursive: true });
  const text = readFileSync(join(source, 'function.py'), 'utf8');
  return folder.write('function.py', text.replaceAll('8000', String(await freePort())));
}

function options(): NonNullable<Parameters<typeof startApp>[1]> {
  return { program: sgpuProgram(), env: { SGPU_CACHE: join(ROOT, 'node_modules', '.cache', 'sgpu-test') } };
}

async function streamed(endpoint: string, input: object): Promise<readonly unknown[]> {
  const events: unknown[] = [];
  const stream = await apps.fal.stream(endpoint, { input });
  for await (const event of stream) events.push(event);
  return events;
}

test('the code that the guides show is the code that runs', () => {
  const guides = join(ROOT, 'docs', 'migration');
  const shown = readdirSync(guides).flatMap((name) => pythonIn(join(guides, name)));
  const examples = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^from-.*\.py$/.test(name))
    .map((name) => readFileSync(join(EXAMPLES, name), 'utf8'));
  expect(shown.length).toBeGreaterThan(8);
  expect(shown.filter((code) => !examples.some((example) => example.includes(code)))).toEqual([]);
});

function pythonIn(guide: string): readonly string[] {
  const text = readFileSync(guide, 'utf8');
  return [...text.matchAll(/^```python\n(.*?)^```/gms)].map(([, code = '']) => code);
}

describe('a server in Docker', () => {
  const text = 'One two. Seventeen';

  test('is served unchanged', async () => {
    const { data } = await apps.fal.subscribe('local/readability_server/score', { input: { text } });
    expect(data).toEqual({ score: 5.33 });
    const server = `${apps.url}/run/local/readability_server`;
    expect(await (await fetch(`${server}/health`)).json()).toEqual({ status: 'ok' });
    const answer = await fetch(`${server}/score/stream`, {
      method: 'POST',
      body: JSON.stringify({ text }),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect((await answer.text()).match(/^data: .*$/gm)).toEqual(['data: {"score": 3.0}', 'data: {"score": 9.0}']);
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
});

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
