import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ControllerTurns, type ControllerTurnsOptions } from '../../lambda/controller-turns';
import type { WakeUp } from '../../lambda/wake-ups';
import { ControllerLease } from '../../runtime/aws/controller-lease';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../support/aws-emulator';
import { ControlledPlatform } from '../support/controlled-platform';
import { createTable } from '../support/dynamo-table';
import { APP } from '../support/records';

const EVERY_MINUTE: WakeUp = { kind: 'tick', everyMinute: true };
const TICK: WakeUp = { kind: 'tick', everyMinute: false };
const POKE: WakeUp = { kind: 'poke', app: APP };

describe('turns of the controller', () => {
  let emulator: AwsEmulator;
  let client: DynamoDBClient;
  let table: string;
  let leases = 0;

  beforeAll(async () => {
    emulator = await startAwsEmulator();
    client = new DynamoDBClient(clientOf(emulator));
    ({ name: table } = await createTable(client));
  });
  afterAll(async () => {
    client.destroy();
    await emulator.stop();
  });

  /** Processes that take turns, all over the same stores. */
  class Processes {
    readonly platform = new ControlledPlatform();
    readonly laidOut: number[][] = [];
    readonly errors: string[] = [];
    readonly drained: string[] = [];
    mirrored = 0;
    private readonly name = `lease-${leases++}`;

    process(holder: string, replaced: Partial<ControllerTurnsOptions> = {}): ControllerTurns {
      const { platform } = this;
      return new ControllerTurns({
        controller: platform.controller,
        lease: new ControllerLease({ client, table, clock: platform.clock, name: this.name, holder }),
        holder,
        fleet: { drainMachine: () => Promise.resolve([...this.drained]) },
        apps: platform.apps,
        requests: platform.requests,
        registry: platform.registry,
        clock: platform.clock,
        mirror: async () => {
          this.mirrored += 1;
        },
        layOutTicks: async (delays) => void this.laidOut.push([...delays]),
        onError: (error, doing) => this.errors.push(`${doing}: ${String(error)}`),
        ...replaced,
      });
    }

    get deadline(): number {
      return this.platform.clock.now() + 60_000;
    }
  }

  it('launch what is missing, on a poke for the app alone', async () => {
    const processes = new Processes();
    await processes.platform.deploy();
    await processes.platform.submit();
    await processes.process('a').wake([POKE], processes.deadline);
    expect(await processes.platform.runners()).toHaveLength(1);
    expect(processes.mirrored).toBe(0);
  });

  it('take over what is deployed on a tick, before they look around', async () => {
    const processes = new Processes();
    const mirror = (): Promise<void> => processes.platform.deploy({ min_concurrency: 1 });
    await processes.process('a', { mirror }).wake([TICK], processes.deadline);
    expect(await processes.platform.runners()).toHaveLength(1);
  });

  it('look around although nothing can be read of what is deployed', async () => {
    const processes = new Processes();
    await processes.platform.deploy({ min_concurrency: 1 });
    const mirror = (): Promise<void> => Promise.reject(new Error('throttled'));
    await processes.process('a', { mirror }).wake([TICK], processes.deadline);
    expect(await processes.platform.runners()).toHaveLength(1);
    expect(processes.errors).toEqual(['reading what is deployed: Error: throttled']);
  });

  it('never overlap: a poke that finds another process at it is done by that one', async () => {
    const processes = new Processes();
    const { platform } = processes;
    await platform.deploy();
    let inside = 0;
    let most = 0;
    const passes: string[] = [];
    const controller = {
      resume: () => undefined,
      tick: async () => {
        passes.push('tick');
        most = Math.max(most, ++inside);
        if (passes.length === 1) await processes.process('b', { controller }).wake([POKE], processes.deadline);
        inside -= 1;
      },
      poke: async (app = '') => {
        most = Math.max(most, ++inside);
        passes.push(app);
        inside -= 1;
      },
    };
    await processes.process('a', { controller }).wake([TICK], processes.deadline);
    expect(passes).toEqual(['tick', APP]);
    expect(most).toBe(1);
  });

  it('begin no pass that could outlast the invocation: the next process does it', async () => {
    const processes = new Processes();
    const { clock } = processes.platform;
    const pokes: string[] = [];
    const poke = async (app = ''): Promise<void> => void pokes.push(app);
    const slow = {
      resume: () => undefined,
      poke,
      tick: async () => {
        await processes.process('b').wake([POKE], processes.deadline);
        clock.advance(50_000);
      },
    };
    await processes.process('a', { controller: slow }).wake([TICK], processes.deadline);
    expect(pokes).toEqual([]);
    const next = { ...slow, tick: () => Promise.resolve() };
    await processes.process('c', { controller: next }).wake([{ kind: 'poke', app: 'local/other' }], processes.deadline);
    expect(pokes.sort()).toEqual([APP, 'local/other'].sort());
  });

  it('leave to the next what a failed pass was to do', async () => {
    const processes = new Processes();
    const failing = {
      resume: () => undefined,
      tick: () => Promise.resolve(),
      poke: () => Promise.reject(new Error('no')),
    };
    await expect(processes.process('a', { controller: failing }).wake([POKE], processes.deadline)).rejects.toThrow(
      'no',
    );
    await processes.platform.deploy({ min_concurrency: 1 });
    await processes.process('b').wake([{ kind: 'poke', app: 'local/other' }], processes.deadline);
    expect(await processes.platform.runners()).toHaveLength(1);
  });

  it('tell a process when another one looked in between', async () => {
    const processes = new Processes();
    const resumed: number[] = [];
    const controller = {
      tick: () => Promise.resolve(),
      poke: () => Promise.resolve(),
      resume: (since: number) => void resumed.push(since),
    };
    const [a, b] = [processes.process('a', { controller }), processes.process('b', { controller })];
    await a.wake([TICK], processes.deadline);
    await a.wake([TICK], processes.deadline);
    expect(resumed).toEqual([]);
    const at = processes.platform.clock.now();
    processes.platform.clock.advance(1_000);
    await b.wake([TICK], processes.deadline);
    expect(resumed).toEqual([at]);
  });

  describe('on the rule’s firing', () => {
    it('lay out ticks over the minute while a request waits or a runner is there', async () => {
      const processes = new Processes();
      await processes.platform.deploy();
      await processes.platform.submit();
      await processes.process('a').wake([EVERY_MINUTE], processes.deadline);
      expect(processes.laidOut).toEqual([[10, 20, 30, 40, 50]]);
    });

    it('lay out none while nothing is alive', async () => {
      const processes = new Processes();
      await processes.platform.deploy();
      await processes.process('a').wake([EVERY_MINUTE], processes.deadline);
      expect(processes.laidOut).toEqual([]);
    });

    it('and on nothing else, so that no chain begins', async () => {
      const processes = new Processes();
      await processes.platform.deploy({ min_concurrency: 1 });
      await processes.process('a').wake([TICK, POKE], processes.deadline);
      expect(processes.laidOut).toEqual([]);
    });
  });

  describe('when EC2 takes a machine away', () => {
    it.each([
      ['spot-interruption' as const, 100_000],
      ['rebalance-recommendation' as const, 3_605_000],
    ])('ask its runners to leave at once and replace them: %s', async (notice, graceMs) => {
      const processes = new Processes();
      const { platform } = processes;
      await platform.deploy({ min_concurrency: 1, request_timeout: 3600, termination_grace_period_seconds: 5 });
      await platform.controller.tick();
      const runner = await platform.onlyRunner();
      await platform.becomeReady(runner);
      processes.drained.push(runner.id);
      await processes.process('a').wake([{ kind: 'notice', instance: 'i-1', notice }], processes.deadline);
      const drained = await platform.registry.get(runner.id);
      expect(drained?.drain).toEqual({
        reason: expect.stringContaining('Spot machine') as string,
        deadline: platform.clock.now() + graceMs,
      });
      expect(await platform.runners()).toHaveLength(2);
    });
  });
});
