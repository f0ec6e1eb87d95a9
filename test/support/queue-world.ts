/**
 * Gateway, runners and controller as processes of their own over one store, with whatever fast-check makes of their order
 * and wherever it lets them crash.
 */
import fc from 'fast-check';
import type { Fence, NewRequest, Outcome, RequestHead } from '../../runtime/domain/request';
import { RETRY_CONDITIONS } from '../../runtime/domain/retry';
import type { RequestInput, RequestStore } from '../../runtime/ports';
import { LEASE_MS, RequestQueue } from '../../runtime/queue/request-queue';
import { Crash, crashingStore, type CrashPoint } from './crashes';
import { ManualClock, MemoryDoorbell } from './memory-stores';
import { RequestHistory } from './request-history';

export const APP = 'local/app';
export const INPUT: RequestInput = { method: 'POST', target: '/', headers: {}, body: { bytes: new Uint8Array() } };

/** Loses no accepted request, ends each once, and lets no lost lease complete, in any store that `open` gives for a run. */
export async function checkInterleavings(
  open: (clock: ManualClock) => Promise<RequestStore>,
  numRuns: number,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), crashPoints(), scripts(), async (scheduler, crashes, script) => {
      const clock = new ManualClock();
      const world = new World(clock, await open(clock), scheduler, crashes[Symbol.iterator]());
      await world.run(script);
      await world.recover();
      await world.checkAllEnded();
    }),
    { numRuns },
  );
}

/**
 * What a runner does with a request it claimed. `vanish` leaves it to its lease; `stall` too, but answers when the runner
 * has done everything else, perhaps after it claimed the same request again.
 */
const WORKS = ['complete', 'retry', 'handBack', 'vanish', 'stall', 'heartbeat and complete', 'complete late'] as const;
type Work = (typeof WORKS)[number];

interface Script {
  readonly requests: readonly Request[];
  readonly runners: readonly (readonly Work[])[];
  readonly cancels: readonly number[];
  /** How far the clock goes before each sweep. */
  readonly sweeps: readonly number[];
}

export type Request = Pick<NewRequest, 'mode' | 'priority' | 'retry'> & { readonly startWithin?: number };

class World {
  private readonly history = new RequestHistory();
  private readonly store: RequestStore;
  private readonly doorbell = new MemoryDoorbell();
  private readonly accepted = new Set<string>();
  private readonly handedOut = new Set<string>();
  private readonly acknowledged = new Map<string, Outcome>();

  constructor(
    private readonly clock: ManualClock,
    store: RequestStore,
    private readonly scheduler: fc.Scheduler,
    private readonly crashes: Iterator<CrashPoint>,
  ) {
    this.store = this.history.watching(store);
  }

  /** The queue as one more process sees it: processes share nothing but the store. */
  private get queue(): RequestQueue {
    const store = crashingStore(this.store, this.scheduler, this.crashes);
    return new RequestQueue({ store, doorbell: this.doorbell, clock: this.clock });
  }

  async run({ requests, runners, cancels, sweeps }: Script): Promise<void> {
    const processes = [
      ...requests.map((request, index) => this.submit(request, index)),
      ...runners.map((work, index) => this.runner(`runner-${index}`, work)),
      ...cancels.map((index) => survive(() => this.queue.cancel(idOf(index)))),
      this.controller(sweeps),
    ];
    await this.scheduler.waitFor(Promise.all(processes));
  }

  /** All processes start again, nothing crashes any more, and one runner does what is left. */
  async recover(): Promise<void> {
    const queue = new RequestQueue({ store: this.store, doorbell: this.doorbell, clock: this.clock });
    for (let round = 0; round < 20; round++) {
      this.clock.advance(2 * LEASE_MS);
      await queue.sweep([APP]);
      for (;;) {
        const head = await queue.claim(APP, 'survivor');
        if (head === undefined) break;
        await queue.complete(head.id, { runner: 'survivor', attempt: head.attempt }, { status: 200 });
      }
    }
  }

  async checkAllEnded(): Promise<void> {
    this.history.check();
    for (const id of this.accepted) {
      expect((await this.store.get(id))?.state).toBe('COMPLETED');
      expect(this.history.endings(id)).toBe(1);
    }
    for (const [id, outcome] of this.acknowledged) {
      expect((await this.store.get(id))?.outcome).toEqual(outcome);
    }
  }

  private async submit(request: Request, index: number): Promise<void> {
    await survive(async () => {
      const head = await this.queue.submit(numbered(request, index, this.clock), INPUT);
      this.accepted.add(head.id);
    });
  }

  private async runner(name: string, works: readonly Work[]): Promise<void> {
    let lives = 0;
    let stalled: (() => Promise<void>)[] = [];
    for (const work of works) {
      const runner = `${name}-${lives}`;
      const survived = await survive(async () => {
        const head = await this.queue.claim(APP, runner);
        if (head === undefined) return;
        const fence = { runner, attempt: head.attempt };
        this.handOut(head);
        if (work === 'stall') stalled.push(() => this.complete(head.id, fence, answerOf(fence)));
        else await this.work(head, fence, work);
      });
      if (survived) continue;
      lives++;
      stalled = [];
    }
    for (const answer of stalled) await survive(answer);
  }

  /** An attempt belongs to one runner alone. */
  private handOut({ id, attempt }: RequestHead): void {
    const key = `${id}/${attempt}`;
    expect(this.handedOut).not.toContain(key);
    this.handedOut.add(key);
  }

  private async work({ id }: RequestHead, fence: Fence, work: Work): Promise<void> {
    if (work === 'vanish') return;
    if (work === 'handBack') return this.queue.handBack(id, fence);
    if (work === 'retry') {
      const condition = RETRY_CONDITIONS[fence.attempt % RETRY_CONDITIONS.length] ?? 'server_error';
      await this.queue.retry(id, fence, condition, { ...answerOf(fence), status: 503 });
      return;
    }
    if (work === 'heartbeat and complete') await this.queue.heartbeat(id, fence);
    if (work === 'complete late') this.clock.advance(LEASE_MS + 1);
    await this.complete(id, fence, answerOf(fence));
  }

  private async complete(id: string, fence: Fence, outcome: Outcome): Promise<void> {
    const held = await this.store.get(id);
    if (!(await this.queue.complete(id, fence, outcome))) return;
    expect(this.acknowledged.has(id)).toBe(false);
    expect(held?.lease?.runner === fence.runner && held.attempt === fence.attempt).toBe(true);
    this.acknowledged.set(id, outcome);
  }

  private async controller(sweeps: readonly number[]): Promise<void> {
    for (const ms of sweeps) {
      this.clock.advance(ms);
      await survive(() => this.queue.sweep([APP]));
    }
  }
}

/** An outcome that says who gave it. */
function answerOf(fence: Fence): Outcome {
  return { status: 200, error: `answer of ${fence.runner} in attempt ${fence.attempt}` };
}

/** True when the process got through; a broken promise is no crash and ends the test. */
async function survive(process: () => Promise<unknown>): Promise<boolean> {
  try {
    await process();
    return true;
  } catch (error) {
    if (error instanceof Crash) return false;
    throw error;
  }
}

/** Ids sort by time of submission, as UUIDv7 do. */
function idOf(index: number): string {
  return `request-${String(index).padStart(4, '0')}`;
}

export function numbered({ startWithin, ...request }: Request, index: number, clock: ManualClock): NewRequest {
  return {
    ...request,
    id: idOf(index),
    app: APP,
    path: '/',
    caller: '',
    submittedAt: clock.now(),
    ...(startWithin === undefined ? {} : { startDeadline: clock.now() + startWithin }),
  };
}

export function newRequest(): fc.Arbitrary<Request> {
  return fc.record({
    mode: fc.constantFrom('queue' as const, 'queue' as const, 'run' as const),
    priority: fc.constantFrom('normal' as const, 'low' as const),
    retry: fc.constantFrom({}, { server_error: 0 }, { connection_error: 1, timeout: 0 }),
  });
}

function scripts(): fc.Arbitrary<Script> {
  const work = fc.constantFrom(...WORKS);
  const hurried = fc.tuple(newRequest(), fc.option(fc.integer({ min: 1, max: LEASE_MS }), { nil: undefined }));
  const request = hurried.map(([made, startWithin]) => (startWithin === undefined ? made : { ...made, startWithin }));
  return fc.record({
    requests: fc.array(request, { minLength: 1, maxLength: 5 }),
    runners: fc.array(fc.array(work, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
    cancels: fc.array(fc.nat(5), { maxLength: 3 }),
    sweeps: fc.array(fc.integer({ min: 0, max: 2 * LEASE_MS }), { maxLength: 6 }),
  });
}

function crashPoints(): fc.Arbitrary<readonly CrashPoint[]> {
  return fc.array(fc.constantFrom<CrashPoint>('none', 'none', 'none', 'before', 'after'), { maxLength: 60 });
}
