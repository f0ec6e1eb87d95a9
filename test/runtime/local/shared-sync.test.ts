import * as fs from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SharedSync } from '../../../runtime/local/shared-sync';
import { temporaryFolder } from './state-folder';

jest.mock('node:fs', () => ({ ...jest.requireActual<typeof fs>('node:fs'), fdatasync: jest.fn() }));

/** The ends of the syncs that were begun, in order. */
const begun: ((error: Error | null) => void)[] = [];
(fs.fdatasync as unknown as jest.Mock).mockImplementation((_descriptor: number, end: (error: Error | null) => void) => {
  begun.push(end);
});

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let sync: SharedSync;
let reached: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder.path, 'log'), '');
  sync = new SharedSync(join(folder.path, 'log'));
  reached = [];
  begun.length = 0;
});
afterEach(async () => {
  await sync.close();
  await folder.remove();
});

async function ask(name: string): Promise<void> {
  sync.reached().then(
    () => reached.push(name),
    () => reached.push(`${name} failed`),
  );
  await settled();
}

/** Lets promises go on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function end(error: Error | null = null): Promise<void> {
  begun.at(-1)?.(error);
  await settled();
}

test('who asks while a sync runs waits for the next one, and shares it', async () => {
  await ask('first');
  await ask('second');
  await ask('third');
  expect(begun).toHaveLength(1);
  await end();
  expect(reached).toEqual(['first']);
  expect(begun).toHaveLength(2);
  await end();
  expect(reached).toEqual(['first', 'second', 'third']);
});

test('who asks after a sync has ended gets one of his own', async () => {
  await ask('first');
  await end();
  await ask('second');
  expect(reached).toEqual(['first']);
  await end();
  expect(reached).toEqual(['first', 'second']);
});

test('after one failure nothing counts as synced any more', async () => {
  await ask('first');
  await ask('second');
  await end(new Error('EIO'));
  await ask('third');
  expect(begun).toHaveLength(1);
  expect(reached).toEqual(['first failed', 'second failed', 'third failed']);
});

test('closing waits for the sync that runs', async () => {
  await ask('first');
  const closing = sync.close().then(() => reached.push('closed'));
  await settled();
  expect(reached).toEqual([]);
  await end();
  await closing;
  expect(reached).toEqual(['first', 'closed']);
  sync = new SharedSync(join(folder.path, 'log'));
});
