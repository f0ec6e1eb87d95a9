/** Commands about a platform that runs on this machine, found by its state folder. */
import { readFileSync, writeFileSync } from 'node:fs';
import { eventually } from '../contract/eventually';
import { endAllSgpu, type Sgpu } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';
import { Commands } from './commands';
import { servePlain } from './plain-server';

const folder = new TestFolder();
const commands = new Commands(folder);
const LOCAL = ['--state-folder', 'state'];
let sgpu: Sgpu;

beforeAll(async () => {
  sgpu = await servePlain(folder, ['--keep-alive', '300']);
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

/** A request that its runner holds until the file is there. */
async function submit(): Promise<string> {
  const answer = await fetch(`${sgpu.url}/queue/local/plain/work?gate=${folder.file('gate')}`, { method: 'POST' });
  return ((await answer.json()) as { request_id: string }).request_id;
}

test('apps are listed with their settings, by either name of the command', async () => {
  const expected = {
    apps: [
      expect.objectContaining({
        ...{ app_id: 'local/plain', alias: 'plain', keep_alive: 300, max_concurrency: 1, machine_types: ['CPU'] },
      }),
    ],
  };
  for (const verb of [['list'], ['apps', 'list'], ['app', 'list']]) {
    expect(await commands.json(...verb, ...LOCAL)).toEqual(expected);
  }
  expect(await commands.json('list', '--filter', 'nothing', ...LOCAL)).toEqual({ apps: [] });
  const [heading = '', line = ''] = (await commands.text('list', ...LOCAL)).split('\n');
  expect(heading.split(/\s{2,}/)).toEqual(expect.arrayContaining(['Name', 'Revision', 'Keep Alive', 'Runners']));
  expect(line).toMatch(/^plain\s+[0-9a-f]{12}\s+private\s+0\s+1\s/);
});

test('what an app does is seen in its runners, its queue and the explanation, and the queue is flushed', async () => {
  await submit();
  await submit();
  const working = { alias: 'plain', state: 'RUNNING', in_flight_requests: 1, replacement: false };
  await eventually(async () => {
    expect(await commands.json('app', 'runners', 'plain', ...LOCAL)).toEqual({
      runners: [expect.objectContaining({ ...working, expiration_countdown: null })],
    });
  }, 40_000);
  expect(await commands.json('runners', 'list', '--state', 'running', ...LOCAL)).toMatchObject({ runners: [working] });
  expect(await commands.json('runners', 'list', '--state', 'idle', ...LOCAL)).toEqual({ runners: [] });
  expect(await commands.text('app', 'runners', 'local/plain', ...LOCAL)).toMatch(
    /^Runners: 1\nRunners Pending: 0\nRunners Setting Up: 0\n/,
  );

  expect(await commands.text('queue', 'size', 'plain', ...LOCAL)).toBe('Total queue size: 1');
  expect(await commands.json('queue', 'size', 'plain', '--by-user', ...LOCAL)).toEqual({
    ...{ size: 1, in_progress: 1, by_user: { local: 1 } },
  });
  const explained = await commands.text('app', 'explain', 'plain', ...LOCAL);
  expect(explained).toMatch(/^local\/plain: 1 request waiting \(the oldest for \d+s\), 1 in progress, 1 runner\n/);
  expect(explained).toMatch(/0 → 1 runners: 1 request waits and none is ready/);

  expect(await commands.text('queue', 'flush', 'plain', '--caller-user-id', 'mallory', ...LOCAL)).toMatch(/0 requests/);
  expect(await commands.text('queue', 'flush', 'plain', ...LOCAL)).toBe(
    'Queue flushed successfully: 1 request cancelled.',
  );
  expect(await commands.json('queue', 'size', 'plain', ...LOCAL)).toEqual({ size: 0, in_progress: 1 });
});

test('what an app has on record is played with other settings, exported and replayed', async () => {
  const id = await submit();
  // The only runner still holds a request of the test before.
  writeFileSync(folder.file('gate'), '');
  await eventually(async () => {
    const answer = await fetch(`${sgpu.url}/queue/local/plain/requests/${id}/status`);
    expect(await answer.json()).toMatchObject({ status: 'COMPLETED' });
  });
  const settings = ['--app', 'plain', '--start-seconds', '60', '--machine-type', 'GPU-L4', ...LOCAL];
  const { current, outcomes } = (await commands.json('simulate', ...settings)) as {
    readonly current: unknown;
    readonly outcomes: readonly unknown[];
  };
  expect(current).toMatchObject({ keep_alive: 300, max_concurrency: 1, scaling_policy: 'fal', unserved: 0 });
  expect(outcomes.length).toBeGreaterThan(8);
  expect(await commands.text('simulate', ...settings)).toContain('sgpu app scale local/plain --min-concurrency');

  await commands.text('simulate', ...settings, '--export', 'day.json');
  const replayed = await commands.text('simulate', '--replay', 'day.json');
  expect(replayed).toContain('local/plain, as recorded:');
  expect(replayed.match(/regret: /g)).toHaveLength(2);
});

test('there are no dead letters, and a request that is none is not redriven', async () => {
  const id = await submit();
  expect(await commands.json('queue', 'dead-letters', 'plain', ...LOCAL)).toEqual({ requests: [] });
  expect(await commands.refusal('queue', 'redrive', id, ...LOCAL)).toBe(`sgpu: Request ${id} is no dead letter`);
  expect(await commands.refusal('queue', 'redrive', ...LOCAL)).toMatch(/^sgpu: Redrive what\?/);
  expect(await commands.text('queue', 'redrive', '--all', 'plain', ...LOCAL)).toBe('0 requests back in the queue.');
});

test('a key is made, listed without its secret, and revoked', async () => {
  const made = await commands.text('keys', 'create', '--desc', 'website', ...LOCAL);
  const [, id = '', secret = ''] = /^FAL_KEY='([^:]+):(\w+)'$/.exec(made) ?? [];
  const listed = await commands.run('keys', 'list', '--json', ...LOCAL);
  expect(JSON.parse(listed.out)).toMatchObject({
    keys: expect.arrayContaining([expect.objectContaining({ id, scope: 'API', description: 'website' })]),
  });
  expect(secret).not.toBe('');
  expect(listed.out).not.toContain(secret);
  expect(await commands.text('keys', 'revoke', id, ...LOCAL)).toBe(`Key ${id} is revoked.`);
  expect(await commands.refusal('keys', 'revoke', id, ...LOCAL)).toBe(`sgpu: Key ${id} not found`);
});

test('a mistyped app is answered with what there is', async () => {
  expect(await commands.refusal('queue', 'size', 'plane', ...LOCAL)).toBe(
    `sgpu: ${sgpu.url} has no app plane; did you mean 'plain'? (it has plain)`,
  );
});

test('the platform may be named by its address, and -v shows the calls', async () => {
  const { code, out, errors } = await commands.run('auth', 'whoami', '--url', `${sgpu.url}/some/page`, '-v');
  expect({ code, out }).toEqual({ code: 0, out: `local (ADMIN) at ${sgpu.url}\n` });
  expect(errors).toMatch(/^GET http:\S+\/rest\/users\/current 200 \d+ ms$/m);
});

test('tables that go into a file have no colours, in continuous integration neither', async () => {
  expect(await commands.text('list', ...LOCAL)).not.toContain('\u001b');
  expect(await new Commands(folder, { CI: 'true' }).text('list', ...LOCAL)).not.toContain('\u001b');
  const coloured = new Commands(folder, { FORCE_COLOR: '1' });
  expect(await coloured.text('list', ...LOCAL)).toContain('\u001b');
});

test('while it runs its state folder tells where it is; what ended badly is told from what never was', async () => {
  const announced = JSON.parse(readFileSync(folder.file('state/platform.json'), 'utf8')) as object;
  expect(announced).toEqual({ url: sgpu.url, pid: sgpu.pid });
  expect(await commands.refusal('list', '--local')).toMatch(
    /No platform runs with the state folder .*\.sgpu: start one/,
  );
  await sgpu.stop();
  expect(await commands.refusal('list', ...LOCAL)).toMatch(/No platform runs with the state folder .*state: start one/);
  writeFileSync(folder.file('state/platform.json'), JSON.stringify(announced));
  expect(await commands.refusal('list', ...LOCAL)).toMatch(
    /was at http:\S+, but its process \d+ is gone: start it again by `sgpu run`$/,
  );
});
