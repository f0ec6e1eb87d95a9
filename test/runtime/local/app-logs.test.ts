import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileAppLogs } from '../../../runtime/local/app-logs';
import { ManualClock } from '../../support/memory-stores';

let folder: string;
let clock: ManualClock;
let logs: FileAppLogs;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sgpu-logs-'));
  clock = new ManualClock();
  logs = new FileAppLogs(folder, clock);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const APP = 'local/painter';
const print = (message: string, request?: string, runner = 'r-1'): void => {
  logs.append(APP, runner, { level: 'STDOUT', message, ...(request === undefined ? {} : { request }) });
};
const messages = async (query: object = {}, app = APP, from = logs): Promise<readonly string[]> =>
  (await from.read(app, { limit: 100, ...query })).map(({ message }) => message);

test('lines are read in order, the last ones when there are more than asked for', async () => {
  for (const line of ['one', 'two', 'three']) print(line);
  expect(await messages()).toEqual(['one', 'two', 'three']);
  expect(await messages({ limit: 2 })).toEqual(['two', 'three']);
  expect(await messages({}, 'local/other')).toEqual([]);
});

test('whoever follows gets every line once, also when the clock goes back', async () => {
  print('one');
  const [first] = await logs.read(APP, { limit: 1 });
  clock.advance(-5_000);
  print('two');
  print('three');
  expect(await messages({ after: first!.id, limit: 1 })).toEqual(['two']);
  expect(await messages({ after: first!.id })).toEqual(['two', 'three']);
});

test('lines are chosen by time, text, request and runner', async () => {
  print('Loading', undefined, 'r-1');
  clock.advance(1_000);
  const later = clock.now();
  print('painting a CAT', 'q-1', 'r-2');
  expect(await messages({ since: later })).toEqual(['painting a CAT']);
  expect(await messages({ until: later - 1 })).toEqual(['Loading']);
  expect(await messages({ search: 'cat' })).toEqual(['painting a CAT']);
  expect(await messages({ request: 'q-1' })).toEqual(['painting a CAT']);
  expect(await messages({ runner: 'r-1' })).toEqual(['Loading']);
});

test('lines outlive the platform, for their owner alone; one that was cut off is left out', async () => {
  print('before');
  await messages();
  const file = join(folder, 'local', 'painter.jsonl');
  expect(statSync(file).mode & 0o077).toBe(0);
  writeFileSync(file, '{"id":"0000000', { flag: 'a' });
  expect(await messages({}, APP, new FileAppLogs(folder, clock))).toEqual(['before']);
});

test('the files of an app stay small, and the latest lines stay', async () => {
  const long = 'x'.repeat(100_000);
  for (let round = 0; round < 10; round++) {
    for (let line = 0; line < 30; line++) print(`${round} ${long}`);
    await messages({ limit: 1 });
  }
  print('the last');
  const [last] = await messages({ limit: 1 });
  expect(last).toBe('the last');
  const sizes = readdirSync(join(folder, 'local')).map((name) => statSync(join(folder, 'local', name)).size);
  expect(sizes).toHaveLength(2);
  for (const size of sizes) expect(size).toBeLessThan(12 * 1024 ** 2);
});
