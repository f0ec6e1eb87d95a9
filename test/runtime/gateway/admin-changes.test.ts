/** What the admin API changes: scaling, revisions, runners, secrets, apps. */
import { launched, becameReady, type RunnerRecord } from '../../../runtime/domain/runner';
import { APP, TestPlatform } from './test-platform';

let platform: TestPlatform;
beforeEach(async () => {
  platform = new TestPlatform();
  await platform.addApp(APP);
});
afterEach(() => platform.end());

async function call(method: string, path: string, body?: unknown): Promise<[number, Record<string, unknown>]> {
  const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await platform.fetch(`/rest/admin${path}`, init);
  return [response.status, (await response.json()) as Record<string, unknown>];
}

async function addRunner(id = 'runner-1'): Promise<RunnerRecord> {
  const { runners, clock } = platform;
  const runner = launched({ id, app: APP, revision: '1', createdAt: clock.now() });
  await runners.create(runner);
  const ready = becameReady(runner, clock.now())!;
  await runners.replace(ready);
  await runners.joinReady(APP, '1', id);
  return ready;
}

describe('scaling by hand', () => {
  test('changes settings at once and resets them', async () => {
    expect(await call('PATCH', '/apps/echo/scale', { max_concurrency: 9, keep_alive: 77 })).toEqual([
      200,
      { app: expect.objectContaining({ spec: expect.objectContaining({ max_concurrency: 9, keep_alive: 77 }) }) },
    ]);
    expect(platform.poked).toContain(APP);
    const before = (await platform.apps.get(APP))!.scale!.deployed.keep_alive;
    await call('PATCH', `/apps/${APP}/scale`, { keep_alive: null });
    expect((await platform.apps.get(APP))!.spec).toMatchObject({ max_concurrency: 9, keep_alive: before });
  });

  test.each([
    [{ keep_alive: 'long' }],
    [{ max_concurrency: 0 }],
    [{ machine_type: 'GPU-H100' }],
    [{ min_concurrency: 99 }],
  ])('refuses %j with 422 and changes nothing', async (changes) => {
    const before = await platform.apps.get(APP);
    expect((await call('PATCH', `/apps/${APP}/scale`, changes))[0]).toBe(422);
    expect(await platform.apps.get(APP)).toEqual(before);
  });
});

test('an earlier revision is set and listed', async () => {
  const app = (await platform.apps.get(APP))!;
  const earlier = [{ revision: '0', spec: app.spec, deployedAt: 1, readyAt: 2 }];
  await platform.apps.put({ ...app, earlier });
  expect(await call('GET', `/apps/${APP}/revisions`)).toMatchObject([
    200,
    { current: '1', revisions: [{ revision: '1' }, { revision: '0', readyAt: 2 }] },
  ]);
  expect(await call('PUT', `/apps/${APP}/revision`, { revision: '7' })).toEqual([
    422,
    { detail: `${APP} has no revision 7; earlier ones: 0` },
  ]);
  expect((await call('DELETE', `/apps/${APP}/revisions/0`))[0]).toBe(422);
  expect(await call('PUT', `/apps/${APP}/revision`)).toMatchObject([200, { app: { revision: '0', setAside: '1' } }]);
  expect((await call('DELETE', `/apps/${APP}/revisions/0`))[0]).toBe(422);
  expect(await call('DELETE', `/apps/${APP}/revisions/1`)).toMatchObject([
    200,
    { app: { revision: '0', earlier: [] } },
  ]);
});

describe('sending runners away', () => {
  test('a runner that is stopped may finish and takes nothing more', async () => {
    const { id } = await addRunner();
    expect(await call('POST', `/runners/${id}/stop`)).toEqual([200, { runner_id: id, state: 'IDLE' }]);
    const { drain } = (await platform.runners.get(id))!;
    const { request_timeout } = (await platform.apps.get(APP))!.spec;
    expect(drain).toEqual({ reason: 'stopped by hand', deadline: platform.clock.now() + request_timeout * 1000 });
    expect((await platform.runners.readySet(APP, '1')).runners).toEqual([]);
  });

  test('a runner that is killed must have gone at once, also one that was asked to leave before', async () => {
    const { id } = await addRunner();
    await call('POST', `/runners/${id}/stop`);
    expect((await call('POST', `/runners/${id}/kill`))[0]).toBe(200);
    expect((await platform.runners.get(id))!.drain!.deadline).toBe(platform.clock.now());
  });

  test('a rollout asks all of an app', async () => {
    const ids = [(await addRunner('runner-1')).id, (await addRunner('runner-2')).id];
    expect(await call('POST', `/apps/${APP}/rollout`)).toEqual([200, { runners: ids }]);
    for (const id of ids) expect((await platform.runners.get(id))!.drain).toBeDefined();
  });

  test('a runner that is not there is 404', async () => {
    expect((await call('POST', '/runners/nobody/stop'))[0]).toBe(404);
    expect((await call('POST', '/runners/nobody/kill'))[0]).toBe(404);
  });
});

describe('removing an app', () => {
  test('it takes nothing more while its runners leave, and is forgotten then', async () => {
    const { id, version } = await addRunner();
    expect(await call('POST', `/apps/${APP}/removal`)).toMatchObject([200, { status: 'closing' }]);
    expect((await platform.apps.get(APP))!.closingSince).toBe(platform.clock.now());
    const runner = (await platform.runners.get(id))!;
    await platform.runners.replace({ ...runner, state: 'TERMINATED', version: version + 1 });
    expect(await call('POST', `/apps/${APP}/removal`)).toMatchObject([200, { status: 'deleted' }]);
    expect(await platform.apps.get(APP)).toBeUndefined();
  });

  test('one of a CloudFormation stack is removed there', async () => {
    const app = (await platform.apps.get(APP))!;
    const deployment = { taskDefinition: 'arn', queueUrl: 'q', pools: [], gpus: 0, cpu: 256, memoryMiB: 512 };
    await platform.apps.put({ ...app, deployment });
    expect((await call('POST', `/apps/${APP}/removal`))[0]).toBe(409);
    expect((await platform.apps.get(APP))!.closingSince).toBeUndefined();
  });
});

describe('secrets', () => {
  test('are set, listed by name alone, and removed', async () => {
    expect(await call('PUT', '/secrets/HF_TOKEN', { value: 'hf_123' })).toEqual([200, { name: 'HF_TOKEN' }]);
    expect(await platform.secrets.get('HF_TOKEN')).toBe('hf_123');
    expect(await call('GET', '/secrets')).toEqual([200, { secrets: [{ name: 'HF_TOKEN' }] }]);
    expect((await call('PUT', '/secrets/HF_TOKEN', { value: 'x', default_exposed: false }))[0]).toBe(200);
    expect(await call('GET', '/secrets')).toEqual([200, { secrets: [{ name: 'HF_TOKEN', default_exposed: false }] }]);
    expect(await call('DELETE', '/secrets/HF_TOKEN')).toEqual([200, { name: 'HF_TOKEN' }]);
    expect((await call('DELETE', '/secrets/HF_TOKEN'))[0]).toBe(404);
  });

  test.each(['app-key', 'invoke-key', 'admin-key', 'platform%2Ftoken-key', '1st', 'a b'])(
    '%s is neither shown nor touched',
    async (name) => {
      const stored = decodeURIComponent(name);
      await platform.secrets.set(stored, 'kept');
      expect((await call('PUT', `/secrets/${name}`, { value: 'mine' }))[0]).toBe(422);
      expect((await call('DELETE', `/secrets/${name}`))[0]).toBe(422);
      expect(await platform.secrets.get(stored)).toBe('kept');
    },
  );

  test('the platform keeps its own to itself', async () => {
    for (const name of ['app-key', 'platform/signing']) await platform.secrets.set(name, 'kept');
    expect(await call('GET', '/secrets')).toEqual([200, { secrets: [] }]);
  });
});

test('the log of a request is what its app printed for it', async () => {
  const id = await platform.submit();
  const event = { kind: 'log', at: 5, level: 'STDOUT', message: 'painting' } as const;
  await platform.requests.appendEvents(id, 1, 0, [event]);
  expect(await call('GET', `/requests/${id}/logs`)).toEqual([
    200,
    { lines: [expect.objectContaining({ at: 5, level: 'STDOUT', message: 'painting', request: id })] },
  ]);
});

test('logs that CloudWatch keeps are said to be there', async () => {
  expect(await call('GET', `/apps/${APP}/logs`)).toMatchObject([
    501,
    { detail: expect.stringContaining('CloudWatch') },
  ]);
});

test('whose key it is', async () => {
  const response = await platform.fetch('/rest/users/current');
  expect(await response.json()).toEqual({ user_id: 'local', username: 'local', scope: 'ADMIN' });
});
