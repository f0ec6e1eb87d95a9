import { AttemptLog } from '../../../runtime/agent/attempt-log';
import type { RequestEvent } from '../../../runtime/ports';

interface Written {
  readonly first: number;
  readonly events: readonly RequestEvent[];
}

function recorder(): { readonly batches: Written[]; readonly store: { appendEvents: AppendEvents } } {
  const batches: Written[] = [];
  const appendEvents: AppendEvents = (_id, _attempt, first, events) => {
    batches.push({ first, events });
    return Promise.resolve();
  };
  return { batches, store: { appendEvents } };
}

type AppendEvents = (id: string, attempt: number, first: number, events: readonly RequestEvent[]) => Promise<void>;

const chunk = (text: string): RequestEvent => ({ kind: 'chunk', at: 0, bytes: Buffer.from(text) });
const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test('the first event is written at once, those that follow closely go out together', async () => {
  const { batches, store } = recorder();
  const log = new AttemptLog(store, 'id', 1);
  log.append(chunk('a'));
  await nextTurn();
  expect(batches).toHaveLength(1);
  for (const text of ['b', 'c', 'd']) log.append(chunk(text));
  await log.close(0);
  expect(batches.map(({ first, events }) => [first, events.length])).toEqual([
    [0, 1],
    [1, 3],
  ]);
});

test('close waits until everything is stored', async () => {
  let stored = 0;
  const log = new AttemptLog(
    {
      appendEvents: async (_id, _attempt, _first, events) => {
        await nextTurn();
        stored += events.length;
      },
    },
    'id',
    1,
  );
  log.line(0, 'STDOUT', 'one');
  log.line(0, 'STDOUT', 'two');
  await log.close(0);
  expect(stored).toBe(2);
});

test('an attempt without events writes nothing', async () => {
  const { batches, store } = recorder();
  await new AttemptLog(store, 'id', 1).close(0);
  expect(batches).toEqual([]);
});

test('lines beyond the limit are dropped, and the log says how many', async () => {
  const { batches, store } = recorder();
  const log = new AttemptLog(store, 'id', 1);
  for (let line = 0; line < 20; line++) log.line(0, 'STDOUT', 'x'.repeat(100_000));
  await log.close(0);
  const events = batches.flatMap((batch) => batch.events);
  expect(events).toHaveLength(11);
  expect(events.at(-1)).toMatchObject({
    level: 'WARN',
    message: expect.stringContaining('10 more log lines') as string,
  });
});

test('a failed write is reported by close', async () => {
  const log = new AttemptLog({ appendEvents: () => Promise.reject(new Error('disk full')) }, 'id', 1);
  log.line(0, 'STDOUT', 'one');
  await nextTurn();
  await expect(log.close(0)).rejects.toThrow('disk full');
});
