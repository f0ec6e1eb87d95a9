import { claim, complete, submitted, type RequestHead } from '../../../runtime/domain/request';
import { StoreFullError } from '../../../runtime/domain/store-full-error';
import type { RequestInput } from '../../../runtime/ports';
import { Database } from '../../../runtime/local/database';
import { RecentRequests } from '../../../runtime/local/recent-requests';
import { SqliteRequestStore } from '../../../runtime/local/request-store';
import { temporaryFolder } from './state-folder';

const INPUT: RequestInput = { method: 'POST', target: '/', headers: {}, body: { bytes: new Uint8Array() } };

function head(id: string): RequestHead {
  const request = { id, app: 'me/app', path: '/', caller: 'me', submittedAt: 0, retry: {} } as const;
  return submitted({ ...request, mode: 'queue', priority: 'normal' });
}

test('a head is served as it was written last, until it is forgotten', () => {
  const requests = new RecentRequests();
  const first = head('a');
  const claimed = claim(first, 'runner', 0, 1_000)!;
  requests.put({ head: first });
  requests.put({ head: claimed });
  expect(requests.head('a')).toBe(claimed);
  requests.forget('a');
  expect(requests.head('a')).toBeUndefined();
});

test('the heads written longest ago make room for new ones', () => {
  const requests = new RecentRequests();
  for (let index = 0; index < 5_000; index += 1) requests.put({ head: head(String(index)) });
  expect(requests.head('0')).toBeUndefined();
  expect(requests.head('4999')).toEqual(head('4999'));
});

test('a head whose transaction failed is not served', async () => {
  const failing = {
    write: async (work: () => boolean) => {
      work();
      throw new Error('the disk is gone');
    },
    run: () => 1,
    first: () => undefined,
  } as unknown as Database;
  const store = new SqliteRequestStore(failing, { remove: async () => undefined });
  await expect(store.create(head('a'), INPUT)).rejects.toThrow('the disk is gone');
  expect(await store.get('a')).toBeUndefined();
});

describe('what may be lost with the process', () => {
  const RESPONSE = { status: 200, headers: {}, body: { bytes: Buffer.from('answer') } };

  function open(folder: string): { readonly database: Database; readonly store: SqliteRequestStore } {
    const database = Database.open(folder);
    return { database, store: new SqliteRequestStore(database, { remove: async () => undefined }) };
  }

  test('is known at once and on the disk when the database is closed', async () => {
    const folder = await temporaryFolder();
    const { database, store } = open(folder.path);
    const direct: RequestHead = { ...head('a'), mode: 'run' };
    expect(await store.create(direct, INPUT)).toBe(true);
    expect(await store.create(direct, INPUT)).toBe(false);
    const claimed = claim(direct, 'runner', 0, 1_000)!;
    expect(await store.replace(claimed)).toBe(true);
    const ended = complete(claimed, { runner: 'runner', attempt: 1 }, { status: 200 }, 0)!;
    expect(await store.replace(ended, RESPONSE)).toBe(true);
    expect(database.all('SELECT id FROM requests')).toEqual([]);
    expect(await store.list('me/app', 10)).toEqual([ended]);
    database.close();

    const { database: reopened, store: again } = open(folder.path);
    expect(await again.get('a')).toEqual(ended);
    expect(await again.input('a')).toMatchObject({ method: 'POST', target: '/' });
    expect(await again.response('a')).toMatchObject({ status: 200, headers: {} });
    reopened.close();
    await folder.remove();
  });

  test('is written before what builds on it, and only once', async () => {
    const folder = await temporaryFolder();
    const { database, store } = open(folder.path);
    const queued = head('a');
    await store.create(queued, INPUT);
    const claimed = claim(queued, 'runner', 0, 1_000)!;
    await store.replace(claimed);
    expect(await store.replace(claimed)).toBe(false);
    const ended = complete(claimed, { runner: 'runner', attempt: 1 }, { status: 200 }, 0)!;
    expect(await store.replace({ ...ended, version: 4 })).toBe(false);
    expect(await store.replace(ended, RESPONSE)).toBe(true);
    expect(database.all('SELECT id, version FROM requests')).toEqual([['a', 3]]);
    database.close();
    await folder.remove();
  });

  test('is refused as long as the disk has no room', async () => {
    const folder = await temporaryFolder();
    const { database, store } = open(folder.path);
    const [pages] = database.first<readonly [number]>('PRAGMA page_count') ?? [0];
    database.first(`PRAGMA max_page_count = ${pages}`);
    const large = { ...INPUT, body: { bytes: new Uint8Array(200_000) } };
    await store.create({ ...head('a'), mode: 'run' }, large);
    expect(await store.list('me/app', 10)).toEqual([]);
    await Promise.resolve();
    await expect(store.create({ ...head('b'), mode: 'run' }, large)).rejects.toThrow(StoreFullError);
    database.first('PRAGMA max_page_count = 1000000');
    expect(await store.create({ ...head('b'), mode: 'run' }, large)).toBe(true);
    expect((await store.list('me/app', 10)).map(({ id }) => id)).toEqual(['b', 'a']);
    database.close();
    await folder.remove();
  });
});

test('a queue longer than what is kept at hand is claimed to its end, in order', async () => {
  const folder = await temporaryFolder();
  const database = Database.open(folder.path);
  const store = new SqliteRequestStore(database, { remove: async () => undefined });
  await store.waiting('me/app', 1);
  const ids = Array.from({ length: 2_500 }, (_, index) => String(index).padStart(5, '0'));
  await Promise.all(ids.map((id) => store.create(head(id), INPUT)));
  const taken: string[] = [];
  for (;;) {
    const [first] = await store.waiting('me/app', 16);
    if (first === undefined) break;
    expect(await store.position(first)).toBe(0);
    await store.replace(claim(first, 'runner', 0, 1_000)!);
    taken.push(first.id);
  }
  expect(taken).toEqual(ids);
  database.close();
  await folder.remove();
});
