import { claim, submitted, type RequestHead } from '../../../runtime/domain/request';
import type { RequestInput } from '../../../runtime/ports';
import type { Database } from '../../../runtime/local/database';
import { RecentHeads } from '../../../runtime/local/recent-heads';
import { SqliteRequestStore } from '../../../runtime/local/request-store';

const INPUT: RequestInput = { method: 'POST', target: '/', headers: {}, body: { bytes: new Uint8Array() } };

function head(id: string): RequestHead {
  const request = { id, app: 'me/app', path: '/', caller: 'me', submittedAt: 0, retry: {} } as const;
  return submitted({ ...request, mode: 'queue', priority: 'normal' });
}

test('a head is served as it was written last, until it is forgotten', () => {
  const heads = new RecentHeads();
  const first = head('a');
  const claimed = claim(first, 'runner', 0, 1_000)!;
  heads.put(first);
  heads.put(claimed);
  expect(heads.get('a')).toBe(claimed);
  heads.forget('a');
  expect(heads.get('a')).toBeUndefined();
});

test('the heads written longest ago make room for new ones', () => {
  const heads = new RecentHeads();
  for (let index = 0; index < 5_000; index += 1) heads.put(head(String(index)));
  expect(heads.get('0')).toBeUndefined();
  expect(heads.get('4999')).toEqual(head('4999'));
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
