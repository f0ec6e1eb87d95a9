/** More and fewer runners as requests come and go, and what becomes of apps that can't start. */
import { join } from 'node:path';
import { eventually } from '../contract/eventually';
import { QueueCalls } from './queue-calls';
import { endAllSgpu, Sgpu } from './sgpu-program';
import { TestFolder } from './test-folder';

const FILE = join(__dirname, 'apps', 'elastic.py');
const APPS = ['Elastic', 'Brief', 'Kept', 'Broken', 'Stuck', 'Abrupt'].map((name) => `${FILE}::${name}`);

const folder = new TestFolder();
let sgpu: Sgpu;
const calls = (app: string): QueueCalls => new QueueCalls(() => sgpu.url, `local/${app}`);

beforeAll(async () => {
  sgpu = await Sgpu.serve(APPS, { folder: folder.path, env: { TEST_FOLDER: folder.path } });
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

async function runnersAlive(app: string): Promise<number> {
  return (await calls(app).runners()).filter(({ state }) => state !== 'TERMINATED').length;
}

const broken = calls('broken');
/** A request of the app that raises in setup(). */
let queued: string;

describe('an app that raises in setup()', () => {
  test('is not waited for by direct callers, who are told why', async () => {
    queued = await broken.accepted({});
    const { status, body } = await broken.run({});
    expect([status, body]).toEqual([
      503,
      {
        detail: expect.stringMatching(/No runner could be started: .*the weights are missing/) as unknown,
        error_type: 'runner_scheduling_failure',
      },
    ]);
  });

  test('is tried again later, and says so', async () => {
    await sgpu.printed(/broken +.*1 → 0 runners: .*the weights are missing/);
    await sgpu.printed(/broken +.*FileNotFoundError: the weights are missing/);
    expect((await broken.reasons()).at(-1)).toMatch(/^1 → 0 runners: .*the weights are missing$/);
    expect(await broken.status(queued)).toBe('IN_QUEUE');
    // The last test of this file waits for the next start.
    folder.write('weights', '');
  });
});

test('an app that never gets through setup() is ended after startup_timeout', async () => {
  const { status, body } = await calls('stuck').run({});
  expect([status, body]).toEqual([
    504,
    { detail: expect.stringContaining('startup_timeout (3 s)') as unknown, error_type: 'startup_timeout' },
  ]);
  await eventually(async () => {
    expect((await calls('stuck').reasons()).at(-1)).toMatch(/^1 → 0 runners: .*startup_timeout \(3 s\)/);
  });
});

test('an app that exits in setup() leaves its exit code as the reason', async () => {
  const { status, body } = await calls('abrupt').run({});
  expect([status, body]).toEqual([
    503,
    {
      detail: expect.stringContaining('exit code 7') as unknown,
      error_type: 'runner_scheduling_failure',
    },
  ]);
});

test('runners go from zero to max_concurrency with the requests, and back to zero after them', async () => {
  const elastic = calls('elastic');
  expect(await runnersAlive('elastic')).toBe(0);
  const ids = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => elastic.accepted({ name })));
  await eventually(async () => {
    expect(new Set(folder.lines('journal')).size).toBe(3);
  });
  expect(await runnersAlive('elastic')).toBe(3);
  expect(folder.lines('journal')).toHaveLength(3);
  folder.write('gate', '');
  const answers = await Promise.all(ids.map((id) => elastic.finished(id)));
  expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200));
  const served = answers.map(({ body }) => (body as { runner: string }).runner);
  expect(new Set(served).size).toBe(3);
  const reasons = await eventually(async () => {
    expect((await elastic.reasons()).at(-1)).toMatch(/→ 0 runners: idle for keep_alive \(1 s\)$/);
    return elastic.reasons();
  });
  expect(await runnersAlive('elastic')).toBe(0);
  expect(reasons[0]).toMatch(/^0 → \d runners: \d requests? waits? and none is ready/);
  expect(reasons.join('\n')).toContain('max_concurrency is 3');
});

test('without keep_alive each request has a runner of its own', async () => {
  const brief = calls('brief');
  const first = await brief.run({});
  await eventually(async () => {
    expect(await runnersAlive('brief')).toBe(0);
  });
  const second = await brief.run({});
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(first.body).not.toEqual(second.body);
  await eventually(async () => {
    expect((await brief.reasons()).filter((reason) => reason.includes('keep_alive (0 s)'))).toHaveLength(2);
  });
});

test('min_concurrency runners are there before the first request and stay after it', async () => {
  const kept = calls('kept');
  await eventually(async () => {
    expect((await kept.runners()).map(({ state }) => state)).toEqual(['IDLE']);
  });
  expect((await kept.reasons())[0]).toBe('0 → 1 runners: min_concurrency is 1');
  const [first, second] = [await kept.run({}), await kept.run({})];
  expect(second.body).toEqual(first.body);
  expect(await runnersAlive('kept')).toBe(1);
});

test('a request that waited for a broken app finishes once that can start', async () => {
  expect((await broken.finished(queued)).status).toBe(200);
  expect((await broken.reasons()).join('\n')).toContain('(another try after 1 failed start)');
});
