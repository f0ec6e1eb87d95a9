import { LocalDoorbell } from '../../../runtime/local/doorbell';

const LONG_MS = 30_000;

test('of several waiters the one that came last wakes first', async () => {
  const doorbell = new LocalDoorbell();
  const woken: string[] = [];
  const waiting = ['first', 'second', 'third'].map((name) =>
    doorbell.wait('owner/app', LONG_MS).then(() => woken.push(name)),
  );
  for (const _ of waiting) await doorbell.ring('owner/app');
  await Promise.all(waiting);
  expect(woken).toEqual(['third', 'second', 'first']);
});

test('rings that nobody hears are not kept without end', async () => {
  const doorbell = new LocalDoorbell();
  await doorbell.ring('owner/app', 1_000_000);
  let heard = 0;
  while (await doorbell.wait('owner/app', 0)) heard++;
  expect(heard).toBe(1_000);
});
