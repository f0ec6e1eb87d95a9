import fc from 'fast-check';
import { ControlledPlatform } from '../../support/controlled-platform';
import { MemoryRunnerRegistry } from '../../support/memory-stores';
import { APP } from '../../support/records';

describe('READY runners, whatever interleaves', () => {
  it('never become fewer than the floor by retirement', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), scripts(), async (scheduler, script) => {
        const registry = new WatchedRegistry(scheduler);
        const platform = new ControlledPlatform(registry);
        await platform.deploy({ max_concurrency: 6, min_concurrency: script.min, concurrency_buffer: script.buffer });
        await start(platform, script.atFirst);
        registry.interleaved = true;
        const processes = [
          ...(await platform.runners()).map((runner) => registry.retire(APP, 'r1', runner.id)),
          ...script.crashes.map((index) => crash(platform, index)),
          ticks(platform, script.demands),
        ];
        await scheduler.waitFor(Promise.all(processes));
        expect(registry.retirements.every(({ left, floor }) => left >= floor)).toBe(true);
        expect(platform.errors).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('are as many as wanted again once those that left were replaced, however many left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), scripts(), async (scheduler, script) => {
        const registry = new WatchedRegistry(scheduler);
        const platform = new ControlledPlatform(registry);
        await platform.deploy({ max_concurrency: 6, min_concurrency: script.min, concurrency_buffer: script.buffer });
        await start(platform, script.atFirst);
        for (const index of script.crashes) await crash(platform, index);
        await settle(platform);
        const { floor, runners } = await registry.readySet(APP, 'r1');
        const retirable = runners.length - floor;
        expect(floor).toBe(Math.max(script.min, script.buffer));
        expect(retirable).toBeGreaterThanOrEqual(0);
        const outcomes: boolean[] = [];
        for (const runner of runners) outcomes.push(await registry.retire(APP, 'r1', runner));
        expect(outcomes.filter(Boolean)).toHaveLength(retirable);
      }),
      { numRuns: 100 },
    );
  });
});

interface Script {
  readonly min: number;
  readonly buffer: number;
  /** Requests that wait at first: as many runners come up. */
  readonly atFirst: number;
  readonly crashes: readonly number[];
  /** Requests submitted before each tick. */
  readonly demands: readonly number[];
}

function scripts(): fc.Arbitrary<Script> {
  return fc.record({
    min: fc.nat(3),
    buffer: fc.nat(2),
    atFirst: fc.nat(6),
    crashes: fc.array(fc.nat(5), { maxLength: 3 }),
    demands: fc.array(fc.nat(3), { maxLength: 4 }),
  });
}

/** A registry whose calls are steps of the scheduler, and that keeps what each retirement left behind. */
class WatchedRegistry extends MemoryRunnerRegistry {
  interleaved = false;
  readonly retirements: { readonly left: number; readonly floor: number }[] = [];

  constructor(private readonly scheduler: fc.Scheduler) {
    super();
  }

  override async retire(app: string, revision: string, runner: string): Promise<boolean> {
    await this.step('retire');
    const before = await super.readySet(app, revision);
    const retired = await super.retire(app, revision, runner);
    if (retired && before.runners.includes(runner)) {
      this.retirements.push({ left: before.runners.length - 1, floor: before.floor });
    }
    return retired;
  }

  override async setFloor(app: string, revision: string, floor: number): Promise<void> {
    await this.step('setFloor');
    return super.setFloor(app, revision, floor);
  }

  override async leaveReady(app: string, revision: string, runner: string): Promise<void> {
    await this.step('leaveReady');
    return super.leaveReady(app, revision, runner);
  }

  override async readySet(app: string, revision: string): ReturnType<MemoryRunnerRegistry['readySet']> {
    await this.step('readySet');
    return super.readySet(app, revision);
  }

  private async step(name: string): Promise<void> {
    if (this.interleaved) await this.scheduler.schedule(Promise.resolve(), name);
  }
}

/** Brings up runners for `requests` requests, which are then answered. */
async function start(platform: ControlledPlatform, requests: number): Promise<void> {
  for (let count = 0; count < requests; count++) await platform.submit();
  await settle(platform);
  for (let count = 0; count < requests; count++) {
    const head = await platform.queue.claim(APP, 'somebody');
    if (head !== undefined) await platform.queue.complete(head.id, { runner: 'somebody', attempt: 1 }, { status: 200 });
  }
}

/** Ticks until everything launched is ready. */
async function settle(platform: ControlledPlatform): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await platform.controller.tick();
    for (const runner of await platform.registry.list(APP)) {
      if (runner.state === 'PENDING') await platform.becomeReady(runner);
    }
  }
}

async function crash(platform: ControlledPlatform, index: number): Promise<void> {
  const runner = (await platform.registry.list(APP))[index];
  if (runner !== undefined) platform.fleet.end(runner.id, 'killed by signal 9');
}

async function ticks(platform: ControlledPlatform, demands: readonly number[]): Promise<void> {
  for (const requests of demands) {
    for (let count = 0; count < requests; count++) await platform.submit();
    await platform.controller.tick();
  }
}
