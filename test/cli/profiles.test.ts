/** Logging in to a platform that asks for a key. */
import { readFileSync, statSync } from 'node:fs';
import { endAllSgpu, type Sgpu } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';
import { Commands } from './commands';
import { servePlain } from './plain-server';

const folder = new TestFolder();
const commands = new Commands(folder);
let sgpu: Sgpu;

beforeAll(async () => {
  sgpu = await servePlain(folder, ['--auth', 'private']);
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

const withKey = (key: string): Commands => new Commands(folder, { FAL_KEY: key });

test('without a platform the ways to name one are listed', async () => {
  expect(await commands.refusal('list')).toMatch(
    /^sgpu: Which platform\?[^]*--local[^]*--platform NAME[^]*--url URL[^]*sgpu auth login/,
  );
  expect(await commands.refusal('list', '--local', '--url', sgpu.url)).toBe(
    'sgpu: --local and --url name different platforms: give one of them',
  );
});

test('no key and a wrong key are refused with what to do', async () => {
  expect(await commands.refusal('list', '--url', sgpu.url)).toMatch(/wants another key .*FAL_KEY.*sgpu auth login/);
  expect(await withKey('wrong:key').refusal('auth', 'login', '--url', sgpu.url)).toMatch(/invalid key credentials/);
  expect(await withKey('nonsense').refusal('auth', 'login', '--url', sgpu.url)).toMatch(/looks like id:secret/);
  expect(await commands.refusal('auth', 'login', '--url', sgpu.url)).toMatch(/Which key\? Put it in FAL_KEY/);
});

test('a key of scope API lists nothing', async () => {
  const { key } = (await withKey(sgpu.key).json('keys', 'create', '--url', sgpu.url)) as { key: string };
  expect(await withKey(key).refusal('list', '--url', sgpu.url)).toMatch(/needs a key of scope ADMIN.*sgpu keys create/);
});

test('after a login commands need neither address nor key, until the logout', async () => {
  expect(await withKey(sgpu.key).text('auth', 'login', '--url', sgpu.url, '--profile', 'home')).toBe(
    `✓ Authenticated as local (ADMIN) at ${sgpu.url}, saved as profile home`,
  );
  expect(statSync(folder.file('config.json')).mode & 0o777).toBe(0o600);
  expect(await commands.json('list')).toMatchObject({ apps: [{ app_id: 'local/plain' }] });
  expect(await commands.text('auth', 'whoami')).toBe(`local (ADMIN) at ${sgpu.url}`);
  expect(await commands.json('profile', 'list')).toEqual({
    profiles: [{ name: 'home', target: sgpu.url, current: true }],
  });

  await commands.text('profile', 'unset');
  expect(await commands.refusal('list')).toMatch(/Which platform\?/);
  expect(await commands.json('list', '--profile', 'home')).toMatchObject({ apps: [{ app_id: 'local/plain' }] });
  expect(await new Commands(folder, { FAL_PROFILE: 'home' }).text('auth', 'whoami')).toMatch(/^local/);
  expect(await commands.refusal('list', '--profile', 'hone')).toMatch(/no profile hone; did you mean 'home'\?/);
  await commands.text('profile', 'set', 'home');

  expect(await commands.text('auth', 'logout')).toBe('Logged out: profile home is forgotten.');
  expect(readFileSync(folder.file('config.json'), 'utf8')).not.toContain(sgpu.key.split(':')[1]);
  expect(await commands.refusal('auth', 'logout')).toMatch(/not logged in/);
});
