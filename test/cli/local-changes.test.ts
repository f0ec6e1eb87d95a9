/** Commands that change what runs on a platform of this machine. */
import { realpathSync, statSync } from 'node:fs';
import { eventually } from '../contract/eventually';
import { endAllSgpu, Sgpu } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';
import { Commands } from './commands';
import { servePlain } from './plain-server';

const folder = new TestFolder();
const commands = new Commands(folder);
const LOCAL = ['--state', 'state'];
const PATIENCE_MS = 40_000;
let sgpu: Sgpu;

beforeAll(async () => {
  sgpu = await servePlain(folder, ['--keep-alive', '300']);
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

async function variable(name: string): Promise<unknown> {
  const answer = await fetch(`${sgpu.url}/run/local/plain/environment/${name}`);
  return ((await answer.json()) as { variable?: string }).variable;
}

async function runners(): Promise<readonly { readonly runner_id: string; readonly state: string }[]> {
  const listed = await commands.json('app', 'runners', 'plain', '--state-folder', 'state');
  return (listed as { runners: readonly { readonly runner_id: string; readonly state: string }[] }).runners;
}

test('secrets are in the environment of runners that start, and shown nowhere', async () => {
  expect(await commands.text('secrets', 'set', 'HF_TOKEN=hf_=secret', 'OTHER=2', ...LOCAL)).toBe(
    'Set HF_TOKEN, OTHER.',
  );
  expect(await commands.json('secrets', 'list', ...LOCAL)).toEqual({
    secrets: [{ name: 'HF_TOKEN' }, { name: 'OTHER' }],
  });
  expect(await variable('HF_TOKEN')).toBe('hf_=secret');
  expect(sgpu.output).not.toContain('hf_=secret');

  await commands.text('secrets', 'set', 'HF_TOKEN=another', ...LOCAL);
  await commands.text('secrets', 'delete', 'OTHER', ...LOCAL);
  const [before] = await runners();
  expect(await commands.text('app', 'rollout', 'plain', ...LOCAL)).toBe(
    'Rolled out application local/plain (1 runner).',
  );
  await eventually(async () => {
    expect((await runners()).map(({ runner_id }) => runner_id)).not.toContain(before?.runner_id);
  }, PATIENCE_MS);
  expect([await variable('HF_TOKEN'), await variable('OTHER')]).toEqual(['another', undefined]);
});

test('a secret can be kept from apps that do not name it', async () => {
  await commands.text('secrets', 'set', 'HF_TOKEN=hidden', '--not-exposed-by-default', ...LOCAL);
  await commands.text('app', 'rollout', 'plain', '--force', ...LOCAL);
  await eventually(async () => {
    expect(await variable('HF_TOKEN')).toBeUndefined();
  }, PATIENCE_MS);
  await commands.text('secrets', 'set', 'HF_TOKEN=shown', ...LOCAL);
  await commands.text('app', 'rollout', 'plain', '--force', ...LOCAL);
  await eventually(async () => {
    expect(await variable('HF_TOKEN')).toBe('shown');
  }, PATIENCE_MS);
});

test('a command runs beside an app, with its folder, its environment and its exit code', async () => {
  await variable('PATH');
  const [runner] = await runners();
  const beside = (...command: readonly string[]): ReturnType<Commands['run']> =>
    commands.run('runners', 'exec', runner!.runner_id, ...LOCAL, '--', ...command);
  expect(await beside('sh', '-c', 'echo "$HF_TOKEN in $PWD as $FAL_JOB_ID"; exit 7')).toMatchObject({
    ...{ code: 7, out: `shown in ${realpathSync(folder.path)} as ${runner!.runner_id}\n` },
  });
  expect((await beside('no-such-command')).errors).toBe(
    "sgpu: There is no command no-such-command in the runner's PATH\n",
  );
  expect(statSync(folder.file(`state/runners/${runner!.runner_id}.json`)).mode & 0o077).toBe(0);
  expect(await commands.refusal('runners', 'exec', 'nobody', ...LOCAL, '--', 'true')).toBe(
    'sgpu: Runner nobody not found',
  );
  expect(await commands.json('app', 'gpus', 'plain', ...LOCAL)).toEqual({
    gpus: [{ app_id: 'local/plain', machine_types: ['CPU'], num_gpus: 0, runners: 1, gpus: 0 }],
  });
});

test('secrets with unusable names, or that are not there, are refused without their values', async () => {
  expect(await commands.refusal('secrets', 'set', 'app-key=x', ...LOCAL)).toMatch(/'app-key' can't be a secret/);
  const message = await commands.refusal('secrets', 'set', 'hf_0123456789', ...LOCAL);
  expect(message).toMatch(/write NAME=VALUE/);
  expect(message).not.toContain('0123456789');
  expect(await commands.refusal('secrets', 'unset', 'HF_TOKEM', ...LOCAL)).toMatch(/did you mean 'HF_TOKEN'\?/);
});

test('what an app prints is shown, chosen and followed', async () => {
  await fetch(`${sgpu.url}/run/local/plain/one`);
  await fetch(`${sgpu.url}/run/local/plain/two`);
  await eventually(async () => {
    expect(await commands.text('logs', 'plain', '--search', 'asked FOR /t', ...LOCAL)).toMatch(/ asked for \/two$/);
  }, PATIENCE_MS);
  const lines = (await commands.text('logs', 'plain', '--json', '-n', '1', ...LOCAL)).split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ level: 'STDOUT', message: 'asked for /two', runner_id: expect.any(String) }),
  ]);
  const [runner] = await runners();
  expect(await commands.text('runners', 'logs', runner!.runner_id, '-n', '1', ...LOCAL)).toMatch(/asked for \/two$/);
  expect((await commands.run('logs', 'plain', '--until', '1h', ...LOCAL)).errors).toMatch(/^No lines\./);

  const following = Sgpu.run(['logs', 'plain', '--follow', '-n', '1', ...LOCAL], { folder: folder.path });
  await following.printed(/two/);
  await fetch(`${sgpu.url}/run/local/plain/three`);
  await following.printed(/asked for \/three/);
  await following.stop();
});

test('the scaling is changed while the app runs, and reset', async () => {
  expect(await commands.json('app', 'scale', 'plain', '--keep-alive', '42', ...LOCAL)).toMatchObject({
    app: { alias: 'plain', keep_alive: 42 },
  });
  expect(await commands.refusal('app', 'scale', 'plain', '--min-concurrency', '3', ...LOCAL)).toMatch(
    /min_concurrency 3 is above max_concurrency 1/,
  );
  expect((await commands.run('app', 'scale', 'plain', ...LOCAL)).errors).toBe(
    'No parameters for update were provided, ignoring.\n',
  );
  expect(await commands.json('app', 'scale', 'plain', '--reset', ...LOCAL)).toMatchObject({ app: { keep_alive: 300 } });
});

test('the revision is listed; there is none to go back to on this machine', async () => {
  expect(await commands.json('app', 'list-rev', 'plain', ...LOCAL)).toEqual({
    revisions: [expect.objectContaining({ app_id: 'local/plain', current: true, health: 'good' })],
  });
  expect(await commands.refusal('app', 'set-rev', 'plain', ...LOCAL)).toMatch(/it has no earlier one$/);
  expect(await commands.refusal('app', 'delete-rev', 'plain', '7', '--yes', ...LOCAL)).toMatch(
    /has no revision 7; it has no/,
  );
});

test('a runner is stopped when its work is done, or killed at once', async () => {
  for (const verb of ['stop', 'kill']) {
    await variable('PATH');
    const [runner] = await runners();
    const id = runner!.runner_id;
    expect(await commands.json('runners', verb, id, ...LOCAL)).toMatchObject({ runner_id: id });
    await eventually(async () => {
      expect((await runners()).map(({ runner_id }) => runner_id)).not.toContain(id);
    }, PATIENCE_MS);
  }
  expect(await commands.refusal('runners', 'stop', 'nobody', ...LOCAL)).toBe('sgpu: Runner nobody not found');
});

test('an app is deleted when that was said, and is gone then', async () => {
  expect(await commands.refusal('delete', 'plain', ...LOCAL)).toMatch(
    /Delete local\/plain at http\S+ Say so by --yes$/,
  );
  expect(await commands.text('delete', 'plain', '--yes', ...LOCAL)).toMatch(/^Application 'local\/plain' deleted \(/);
  expect(await commands.json('list', ...LOCAL)).toEqual({ apps: [] });
  expect((await fetch(`${sgpu.url}/queue/local/plain`, { method: 'POST' })).status).toBe(404);
});
