import { LAUNCH_GRACE_MS } from '../../../runtime/controller/observe';
import { ControlledPlatform } from '../../support/controlled-platform';
import { MemoryAppStore, MemoryFleet, MemoryRunnerRegistry } from '../../support/memory-stores';
import { APP, runnerRecord } from '../../support/records';

describe('the controller', () => {
  it('takes an app from zero runners to one and back, with a reason each time', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy();
    await platform.controller.tick();
    await platform.submit();
    await platform.controller.tick();
    const runner = await platform.onlyRunner();
    await platform.becomeReady(runner);
    const head = await platform.queue.claim(APP, runner.id);
    await platform.queue.complete(head?.id ?? '', { runner: runner.id, attempt: 1 }, { status: 200 });
    await platform.controller.tick();
    expect(await platform.registry.retire(APP, 'r1', runner.id)).toBe(true);
    await platform.leave(runner, 'retired', 'idle for keep_alive (60 s)');
    await platform.controller.tick();
    expect(platform.reasons).toEqual([
      '0 → 1 runners: 1 request waits and none is ready',
      '1 → 0 runners: idle for keep_alive (60 s)',
    ]);
    expect((await platform.apps.decisions(APP, 10)).map((decision) => decision.reason)).toEqual(
      [...platform.reasons].reverse(),
    );
  });

  it('lets no runner retire while a request waits for it', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy();
    await platform.submit();
    await platform.controller.tick();
    const runner = await platform.onlyRunner();
    await platform.becomeReady(runner);
    await platform.controller.tick();
    expect(await platform.registry.retire(APP, 'r1', runner.id)).toBe(false);
  });

  it('records nothing while nothing changes', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy({ min_concurrency: 1 });
    for (let ticks = 0; ticks < 5; ticks++) await platform.controller.tick();
    expect(platform.reasons).toEqual(['0 → 1 runners: min_concurrency is 1']);
    expect(platform.fleet.calls).toHaveLength(1);
  });

  it('writes the record of a runner before it launches it', async () => {
    const registry = new MemoryRunnerRegistry();
    const recorded: boolean[] = [];
    const fleet = new MemoryFleet();
    fleet.launch = async (runner) => {
      recorded.push((await registry.get(runner.id)) !== undefined);
    };
    const platform = new ControlledPlatform(registry, { fleet });
    await platform.deploy({ min_concurrency: 2 });
    await platform.controller.tick();
    expect(recorded).toEqual([true, true]);
  });

  it('writes off a runner that could not be launched, with the reason, and tries again 20 s later', async () => {
    const fleet = new MemoryFleet();
    fleet.launch = () => Promise.reject(new Error('no such image'));
    const platform = new ControlledPlatform(undefined, { fleet });
    await platform.deploy({ min_concurrency: 1 });
    await platform.controller.tick();
    platform.clock.advance(19_999);
    await platform.controller.tick();
    expect(await platform.runners()).toMatchObject([
      { state: 'TERMINATED', exit: 'scheduling_failed', exitReason: 'it could not be launched: no such image' },
    ]);
    platform.clock.advance(1);
    await platform.controller.tick();
    expect(await platform.runners()).toHaveLength(2);
  });

  it('makes room in the READY set for the runner that replaces a crashed one', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy({ min_concurrency: 1 });
    await platform.controller.tick();
    const crashed = await platform.onlyRunner();
    await platform.becomeReady(crashed);
    platform.fleet.end(crashed.id, 'killed by signal 9');
    await platform.controller.tick();
    expect(await platform.registry.get(crashed.id)).toMatchObject({
      exit: 'crashed',
      exitReason: 'killed by signal 9',
    });
    expect((await platform.registry.readySet(APP, 'r1')).runners).toEqual([]);
    expect((await platform.onlyRunner()).id).not.toBe(crashed.id);
  });

  it('takes runners out of the READY set whose records say that they are gone', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy({ min_concurrency: 1 });
    await platform.registry.create(runnerRecord({ id: 'gone', state: 'TERMINATED', exit: 'retired' }));
    await platform.registry.joinReady(APP, 'r1', 'gone');
    await platform.controller.tick();
    expect((await platform.registry.readySet(APP, 'r1')).runners).toEqual([]);
  });

  it('stops a runner that nobody wrote down', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy();
    await platform.fleet.launch(runnerRecord({ id: 'stray' }));
    await platform.controller.tick();
    expect(platform.fleet.calls).toContain('stop stray');
  });

  it('stops a runner whose record says that it is gone', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy();
    await platform.registry.create(runnerRecord({ id: 'undead', state: 'TERMINATED', exit: 'lost' }));
    await platform.fleet.launch(runnerRecord({ id: 'undead' }));
    await platform.controller.tick();
    expect(platform.fleet.calls).toContain('stop undead');
  });

  it('stops the runners of an app that was removed, and writes down that they are gone', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy({ min_concurrency: 1 });
    await platform.controller.tick();
    await platform.apps.remove(APP);
    await platform.controller.tick();
    await platform.controller.tick();
    expect(await platform.runners()).toMatchObject([{ state: 'TERMINATED', exitReason: 'its app was removed' }]);
  });

  it('does not trust a listing that lacks a runner launched just now', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy({ min_concurrency: 1 });
    await platform.controller.tick();
    const { id } = await platform.onlyRunner();
    platform.fleet.forget(id);
    platform.clock.advance(LAUNCH_GRACE_MS - 1);
    await platform.controller.tick();
    expect((await platform.onlyRunner()).id).toBe(id);
    platform.clock.advance(1);
    await platform.controller.tick();
    expect(await platform.registry.get(id)).toMatchObject({ state: 'TERMINATED', exit: 'scheduling_failed' });
  });

  it('drains a runner through its record and takes it out of the READY set', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy();
    await platform.submit();
    await platform.controller.tick();
    const runner = await platform.onlyRunner();
    await platform.becomeReady(runner);
    await platform.queue.cancel('request-0000');
    await platform.deploy({}, 'r2');
    await platform.controller.tick();
    expect(await platform.registry.get(runner.id)).toMatchObject({
      drain: { reason: 'a newer revision was deployed' },
    });
    expect((await platform.registry.readySet(APP, 'r1')).runners).toEqual([]);
    expect(platform.fleet.calls).not.toContain(`stop ${runner.id}`);
  });

  it('tells direct callers why no runner can be had, and keeps queued requests', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy();
    const direct = await platform.submit({ mode: 'run' });
    const queued = await platform.submit();
    await platform.controller.tick();
    for (const runner of await platform.runners()) await platform.leave(runner, 'startup_failed', 'setup() raised');
    await platform.controller.tick();
    const error = 'No runner could be started: setup() raised';
    expect(await platform.requests.get(direct)).toMatchObject({ state: 'COMPLETED', outcome: { status: 503, error } });
    expect(await platform.requests.get(queued)).toMatchObject({ state: 'IN_QUEUE' });
  });

  it('sweeps: a lost lease goes back to the queue', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy();
    const id = await platform.submit();
    await platform.queue.claim(APP, 'vanished');
    platform.clock.advance(30_001);
    await platform.controller.tick();
    expect(await platform.requests.get(id)).toMatchObject({ state: 'IN_QUEUE', retries: { connection_error: 1 } });
  });
});

describe('a failure', () => {
  it('of one app’s step does not stop the other apps, the sweep or the webhooks', async () => {
    const registry = new MemoryRunnerRegistry();
    const list = registry.list.bind(registry);
    registry.list = async (app, since) => {
      if (app === 'local/broken') throw new Error('unreadable');
      return list(app, since);
    };
    const done: string[] = [];
    const platform = new ControlledPlatform(registry, {
      webhooks: { deliverDue: async () => void done.push('webhooks') },
    });
    await platform.deploy({}, 'r1', 'local/broken');
    await platform.deploy({ min_concurrency: 1 });
    const id = await platform.submit({ startDeadline: platform.clock.now() });
    await platform.controller.tick();
    expect(platform.errors).toEqual(['scaling local/broken: Error: unreadable']);
    expect(await platform.runners()).toHaveLength(1);
    expect(await platform.requests.get(id)).toMatchObject({ state: 'COMPLETED' });
    expect(done).toEqual(['webhooks']);
  });

  it('of the fleet does not stop the sweep, and the next tick works again', async () => {
    const fleet = new MemoryFleet();
    const list = fleet.list.bind(fleet);
    fleet.list = () => Promise.reject(new Error('unreachable'));
    const platform = new ControlledPlatform(undefined, { fleet });
    await platform.deploy({ min_concurrency: 1 });
    const id = await platform.submit({ startDeadline: platform.clock.now() });
    await platform.controller.tick();
    expect(await platform.requests.get(id)).toMatchObject({ state: 'COMPLETED' });
    expect(await platform.runners()).toHaveLength(0);
    fleet.list = list;
    await platform.controller.tick();
    expect(await platform.runners()).toHaveLength(1);
  });
});

describe('ticks and pokes', () => {
  it('never overlap, and however many come during a tick, one more follows', async () => {
    const passes = new CountedApps();
    const platform = new ControlledPlatform(undefined, { apps: passes });
    const first = platform.controller.tick();
    await passes.begun;
    const more = [platform.controller.tick(), platform.controller.poke(APP), platform.controller.poke()];
    await new Promise(setImmediate);
    expect(passes.count).toBe(1);
    passes.finish();
    await Promise.all([first, ...more]);
    // A full pass lists the apps twice: to scale them and to sweep their queues.
    expect(passes.count).toBe(2 * 2);
    expect(passes.atOnce).toBe(1);
  });

  it('that name an app look at no other', async () => {
    const platform = new ControlledPlatform();
    await platform.deploy({ min_concurrency: 1 });
    await platform.deploy({ min_concurrency: 1 }, 'r1', 'local/other');
    await platform.controller.poke('local/other');
    expect(await platform.runners()).toHaveLength(0);
    expect(await platform.runners('local/other')).toHaveLength(1);
  });
});

/** Holds the first pass until told, and counts how many passes are inside at once. */
class CountedApps extends MemoryAppStore {
  count = 0;
  atOnce = 0;
  private inside = 0;
  private begin: () => void = () => undefined;
  private open: () => void = () => undefined;
  private readonly gate = new Promise<void>((resolve) => (this.open = resolve));
  readonly begun = new Promise<void>((resolve) => (this.begin = resolve));

  finish(): void {
    this.open();
  }

  override async list(): ReturnType<MemoryAppStore['list']> {
    this.count += 1;
    this.inside += 1;
    this.atOnce = Math.max(this.atOnce, this.inside);
    this.begin();
    await this.gate;
    this.inside -= 1;
    return super.list();
  }
}
