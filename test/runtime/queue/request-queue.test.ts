import type { NewRequest } from '../../../runtime/domain/request';
import { NO_RETRIES, retryDelay } from '../../../runtime/domain/retry';
import { LEASE_MS, RequestQueue } from '../../../runtime/queue/request-queue';
import { ManualClock, MemoryDoorbell, MemoryRequestStore } from '../../support/memory-stores';
import { APP } from '../../support/records';

const INPUT = { method: 'POST', target: '/', headers: {}, body: { bytes: new Uint8Array() } };
const ANSWER = { status: 503, headers: {}, body: { bytes: Buffer.from('busy') } };

describe('a claim', () => {
  it('takes normal requests before low ones, each in order of submission', async () => {
    const { submit, claimAll } = world();
    const low = await submit({ priority: 'low' });
    const first = await submit();
    const second = await submit();
    expect(await claimAll()).toEqual([first, second, low]);
  });

  it('takes requests that hint at the runner before others', async () => {
    const { queue, submit } = world();
    await submit();
    const hinted = await submit({ hint: 'model-a' });
    expect((await queue.claim(APP, 'runner', ['model-a']))?.id).toBe(hinted);
  });

  it('passes over any number of requests that may not be claimed yet', async () => {
    const { queue, clock, submit } = world();
    for (let count = 0; count < 40; count++) {
      await submit({ preferred: { runner: 'other', until: clock.now() + 1_000 } });
    }
    const last = await submit();
    expect((await queue.claim(APP, 'runner'))?.id).toBe(last);
  });

  it('leaves a request to the runner it is reserved for, for as long as it is reserved', async () => {
    const { queue, clock, submit } = world();
    const id = await submit({ preferred: { runner: 'hinted', until: clock.now() + 1_000 } });
    expect(await queue.claim(APP, 'other')).toBeUndefined();
    clock.advance(1_000);
    expect((await queue.claim(APP, 'other'))?.id).toBe(id);
  });

  it('ends requests whose start deadline has passed and takes the next', async () => {
    const { queue, store, clock, submit } = world();
    const late = await submit({ startDeadline: clock.now() });
    const next = await submit();
    expect((await queue.claim(APP, 'runner'))?.id).toBe(next);
    expect(await store.get(late)).toMatchObject({ state: 'COMPLETED', outcome: { status: 504 } });
  });

  it('never takes a cancelled request', async () => {
    const { queue, submit, claimAll } = world();
    await queue.cancel(await submit());
    expect(await claimAll()).toEqual([]);
  });
});

describe('a request in progress', () => {
  it('is not read again by the process that claimed it', async () => {
    const { queue, store, submit } = world();
    const id = await submit();
    await queue.claim(APP, 'runner');
    const reads = jest.spyOn(store, 'get');
    const fence = { runner: 'runner', attempt: 1 };
    expect(await queue.heartbeat(id, fence)).toEqual({ cancelRequested: false });
    expect(await queue.complete(id, fence, { status: 200 }, ANSWER)).toBe(true);
    expect(reads).not.toHaveBeenCalled();
  });

  it('learns what others did to it', async () => {
    const { queue, store, clock, submit, another } = world();
    const id = await submit();
    await queue.claim(APP, 'runner');
    const fence = { runner: 'runner', attempt: 1 };
    await another().cancel(id);
    expect(await queue.heartbeat(id, fence)).toEqual({ cancelRequested: true });
    clock.advance(LEASE_MS + 1);
    await another().sweep([APP]);
    expect(await queue.heartbeat(id, fence)).toBeUndefined();
    expect(await queue.complete(id, fence, { status: 200 }, ANSWER)).toBe(false);
    expect(await store.get(id)).toMatchObject({ state: 'COMPLETED', cancelRequested: true });
  });
});

describe('an answer', () => {
  it('is dropped when the runner had lost the request', async () => {
    const { queue, store, clock, submit } = world();
    const id = await submit();
    await queue.claim(APP, 'slow');
    clock.advance(LEASE_MS + 1);
    await queue.sweep([APP]);
    expect(await queue.complete(id, { runner: 'slow', attempt: 1 }, { status: 200 }, ANSWER)).toBe(false);
    expect(await store.response(id)).toBeUndefined();
  });

  it('of a failed attempt is kept only when no retry is left', async () => {
    const { queue, store, submit, clock } = world();
    const id = await submit({ retry: { server_error: 1 } });
    for (const kept of [undefined, ANSWER]) {
      clock.advance(60_000);
      const head = await queue.claim(APP, 'runner');
      const fence = { runner: 'runner', attempt: head?.attempt ?? 0 };
      await queue.retry(id, fence, 'server_error', { status: 503 }, { response: ANSWER });
      expect(await store.response(id)).toBe(kept);
    }
  });
});

describe('the doorbell', () => {
  it('rings for every request that waits anew', async () => {
    const { queue, doorbell, submit } = world();
    const id = await submit();
    await queue.claim(APP, 'runner');
    await queue.handBack(id, { runner: 'runner', attempt: 1 });
    await queue.claim(APP, 'runner');
    await queue.retry(id, { runner: 'runner', attempt: 2 }, 'timeout', { status: 504 });
    expect(doorbell.rung(APP)).toBe(3);
  });

  it('rings again at a sweep for a request whose ring was lost', async () => {
    const { queue, doorbell, submit } = world();
    await submit();
    await doorbell.wait(APP, 0);
    await queue.sweep([APP]);
    expect(doorbell.rung(APP)).toBe(1);
  });
});

describe('a platform that starts again', () => {
  it('sends what was in progress round again without waiting for its lease to end', async () => {
    const { queue, clock, submit } = world();
    const id = await submit();
    await queue.claim(APP, 'runner');
    clock.advance(1);
    await queue.recover([APP]);
    clock.advance(retryDelay(1));
    expect(await queue.claim(APP, 'next runner')).toMatchObject({ id, attempt: 2 });
  });

  it('ends what nobody waits for any more, and what may not be tried again', async () => {
    const { queue, store, submit } = world();
    const unretried = await submit({ retry: NO_RETRIES });
    await queue.claim(APP, 'runner');
    const direct = await submit({ mode: 'run' });
    await queue.recover([APP]);
    expect(await store.get(direct)).toMatchObject({ outcome: { errorType: 'client_disconnected' } });
    expect(await store.get(unretried)).toMatchObject({ outcome: { errorType: 'runner_disconnected' } });
  });
});

describe('a sweep', () => {
  it('forgets requests that are past their retention', async () => {
    const { queue, store, clock, submit } = world();
    const id = await submit();
    await queue.cancel(id);
    clock.advance(30 * 24 * 3_600_000);
    await queue.sweep([APP]);
    expect(await store.get(id)).toBeUndefined();
  });
});

function world(): {
  readonly queue: RequestQueue;
  readonly store: MemoryRequestStore;
  readonly doorbell: MemoryDoorbell;
  readonly clock: ManualClock;
  readonly submit: (changes?: Partial<NewRequest>) => Promise<string>;
  readonly claimAll: () => Promise<string[]>;
  /** The queue as another process has it. */
  readonly another: () => RequestQueue;
} {
  const [store, doorbell, clock] = [new MemoryRequestStore(), new MemoryDoorbell(), new ManualClock()];
  const queue = new RequestQueue({ store, doorbell, clock });
  let submissions = 0;
  return {
    queue,
    store,
    doorbell,
    clock,
    submit: async (changes = {}) => {
      const id = `request-${String(submissions++).padStart(4, '0')}`;
      const request = { id, app: APP, path: '/', mode: 'queue', caller: '', priority: 'normal', retry: {} } as const;
      await queue.submit({ ...request, submittedAt: clock.now(), ...changes }, INPUT);
      return id;
    },
    another: () => new RequestQueue({ store, doorbell, clock }),
    claimAll: async () => {
      const ids: string[] = [];
      for (;;) {
        const head = await queue.claim(APP, 'runner');
        if (head === undefined) return ids;
        ids.push(head.id);
      }
    },
  };
}
