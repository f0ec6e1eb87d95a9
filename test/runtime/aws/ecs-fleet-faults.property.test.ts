import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import fc from 'fast-check';
import { EcsFleet } from '../../../runtime/aws/ecs-fleet';
import type { PoolDeployment } from '../../../runtime/domain/deployment';
import { launched } from '../../../runtime/domain/runner';
import { exampleApp } from '../../contract/example-app';
import { EcsStandIn } from '../../support/ecs-stand-in';
import { AwsError } from '../../support/ecs-stand-in-wire';
import { MemoryFleetMemory } from '../../support/memory-fleet-memory';

const POOLS: readonly PoolDeployment[] = [
  {
    ...{ pool: 'one', instanceType: 'g5.xlarge', market: 'spot', autoScalingGroup: 'one' },
    ...{ gpus: 1, cpu: 4096, memoryMiB: 15_000, keepAlive: 60, maxMachines: 2 },
  },
  {
    ...{ pool: 'four', instanceType: 'g5.12xlarge', market: 'on-demand', autoScalingGroup: 'four' },
    ...{ gpus: 4, cpu: 16_384, memoryMiB: 60_000, keepAlive: 60, maxMachines: 2 },
  },
];

const CALLS = [
  'RunTask',
  'StopTask',
  'ListTasks',
  'DescribeTasks',
  'LaunchInstances',
  'TerminateInstanceInAutoScalingGroup',
  'UpdateContainerInstancesState',
  'DescribeAutoScalingGroups',
];

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('launch' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('stop' as const), which: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.constantFrom(1, 5, 10, 30, 90) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reclaim' as const), which: fc.nat(), warned: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('exit' as const), which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      call: fc.oneof(fc.constant('RunTask'), fc.constant('LaunchInstances'), fc.constantFrom(...CALLS)),
      lost: fc.boolean(),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('stock' as const), left: fc.integer({ min: 0, max: 2 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test('no failed call, lost answer, lag, reclaim or restart gives a runner two tasks, and all is ended in the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.constantFrom(0, 15_000),
      async (steps, lagMs) => {
        const scene = await Scene.open(lagMs);
        try {
          for (const one of steps) {
            await scene.take(one);
            scene.expectOneTaskEach();
          }
          await scene.endAll();
        } finally {
          await scene.close();
        }
      },
    ),
    { numRuns: 10, endOnFailure: true },
  );
});

class Scene {
  private now = 1_800_000_000_000;
  private fleet: EcsFleet;
  private readonly runners: string[] = [];
  private readonly memory = new MemoryFleetMemory();
  private readonly ecs: ECSClient;
  private readonly autoScaling: AutoScalingClient;

  private constructor(private readonly standIn: EcsStandIn) {
    this.ecs = new ECSClient({ ...standIn.client, maxAttempts: 1 });
    this.autoScaling = new AutoScalingClient({ ...standIn.client, maxAttempts: 1 });
    this.fleet = this.newFleet();
  }

  static async open(lagMs: number): Promise<Scene> {
    const clock = { now: (): number => 0 };
    const times = { bootMs: 10_000, pullMs: 5_000, stopMs: 5_000, lagMs };
    const scene = new Scene(await EcsStandIn.start({ pools: POOLS, ...times, now: () => clock.now() }));
    clock.now = () => scene.now;
    return scene;
  }

  async take(one: Step): Promise<void> {
    const { cluster } = this.standIn;
    switch (one.kind) {
      case 'launch':
        return this.launch();
      case 'stop':
        await this.fleet.stop(pick(this.runners, one.which) ?? 'nobody').catch(() => undefined);
        return;
      case 'pass':
        return this.pass(one.seconds * 1000);
      case 'exit': {
        const task = pick(cluster.tasks, one.which);
        if (task !== undefined)
          cluster.end(task, { exitCode: 1, stopCode: 'EssentialContainerExited', stoppedReason: 'it exited' });
        return;
      }
      case 'reclaim':
        return this.reclaim(one.which, one.warned);
      case 'fault':
        if (one.lost) this.standIn.loseAnswers(one.call, one.count);
        else this.standIn.fail(one.call, one.count, new AwsError('ThrottlingException', 'Rate exceeded'));
        return;
      case 'stock':
        for (const zone of ['us-east-1a', 'us-east-1b']) cluster.stock.set(`g5.xlarge|${zone}`, one.left);
        return;
    }
  }

  expectOneTaskEach(): void {
    const { cluster } = this.standIn;
    const holding = cluster.tasks.filter((task) => task.ended === undefined);
    expect(new Set(holding.map((task) => task.startedBy)).size).toBe(holding.length);
    const gpus = holding.flatMap((task) => task.gpuIds);
    expect(new Set(gpus).size).toBe(gpus.length);
    for (const { autoScalingGroup, maxMachines } of POOLS) {
      expect(cluster.present.filter(({ group }) => group === autoScalingGroup).length).toBeLessThanOrEqual(maxMachines);
    }
  }

  /** With nothing in the way any more every runner can be stopped, and machines end by themselves. */
  async endAll(): Promise<void> {
    for (const call of CALLS) this.standIn.loseAnswers(call, 0);
    await this.pass(30_000);
    for (const runner of this.runners) await this.fleet.stop(runner);
    for (let passes = 0; passes < 80 && this.standIn.cluster.present.length > 0; passes++) await this.pass(20_000);
    expect(this.standIn.cluster.tasks.filter((task) => task.ended === undefined)).toEqual([]);
    expect((await this.fleet.list()).filter(({ running }) => running)).toEqual([]);
    expect(this.standIn.cluster.present).toEqual([]);
  }

  async close(): Promise<void> {
    this.ecs.destroy();
    this.autoScaling.destroy();
    await this.standIn.stop();
  }

  /** As a function that is started anew for each pass. */
  private async pass(afterMs: number): Promise<void> {
    this.now += afterMs;
    this.fleet = this.newFleet();
    await this.fleet.settle().catch(() => undefined);
  }

  private async launch(): Promise<void> {
    const id = `runner-${this.runners.length}`;
    this.runners.push(id);
    const deployment = {
      ...{
        taskDefinition: 'sgpu-test-app:1',
        queueUrl: '',
        pools: ['one', 'four'],
        gpus: 1,
        cpu: 1024,
        memoryMiB: 1024,
      },
    };
    const app = exampleApp({ id: 'test/app', revision: '1', deployment });
    await this.fleet.launch(launched({ id, app: app.id, revision: '1', createdAt: this.now }), app);
    await this.pass(0);
  }

  private async reclaim(which: number, warned: boolean): Promise<void> {
    const machine = pick(this.standIn.cluster.present, which);
    if (machine === undefined) return;
    if (warned) await this.fleet.drainMachine(machine.id, 'spot-interruption').catch(() => undefined);
    else this.standIn.cluster.terminate(machine);
  }

  private newFleet(): EcsFleet {
    const { ecs, autoScaling, memory } = this;
    return new EcsFleet({
      ...{ ecs, autoScaling, memory, cluster: 'test', platform: 'test', clock: { now: () => this.now } },
      pools: async () => POOLS,
      registry: { get: async () => undefined, replace: async () => false },
      onError: () => undefined,
    });
  }
}

function pick<T>(items: readonly T[], which: number): T | undefined {
  return items[which % Math.max(1, items.length)];
}
