import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EcsFleet } from '../../../runtime/aws/ecs-fleet';
import { MachineGroups } from '../../../runtime/aws/machines-auto-scaling';
import type { AppRecord } from '../../../runtime/domain/app';
import type { PoolDeployment } from '../../../runtime/domain/deployment';
import { launched, type RunnerRecord } from '../../../runtime/domain/runner';
import type { FleetRunner } from '../../../runtime/ports';
import { exampleApp } from '../../contract/example-app';
import { EcsStandIn, type EcsStandInOptions } from '../../support/ecs-stand-in';
import type { StandInMachine } from '../../support/ecs-stand-in-cluster';
import { AwsError } from '../../support/ecs-stand-in-wire';
import { MemoryFleetMemory } from '../../support/memory-fleet-memory';

const TICK_MS = 10_000;

let scene: Scene;
afterEach(() => scene.close());

describe('a runner that finds no machine', () => {
  test('waits for one that starts, is told so, and runs on it', async () => {
    scene = await Scene.open({ bootMs: 60_000, pullMs: 20_000 });
    const runner = await scene.launch();
    expect(scene.waitingFor(runner)).toBe('a g5.xlarge machine (on-demand): starting');
    await scene.pass(60_000);
    const [machine] = scene.machines;
    expect(scene.tasks).toMatchObject([{ startedBy: runner, machine }]);
    await scene.pass();
    expect(scene.records.get(runner)).toMatchObject({ state: 'DOCKER_PULL', waitingFor: 'image pull' });
    expect(await scene.listed(runner)).toEqual({ id: runner, running: true });
  });

  test('gets its id and revision, and its task the platform’s tags', async () => {
    scene = await Scene.open({});
    const runner = await scene.launch();
    await scene.pass();
    expect(scene.tasks[0]).toMatchObject({
      overrides: {
        containerOverrides: [
          { name: 'app', environment: [{ name: 'FAL_JOB_ID', value: runner }] },
          {
            name: 'agent',
            environment: [
              { name: 'SGPU_RUNNER', value: runner },
              { name: 'SGPU_REVISION', value: '1' },
            ],
          },
        ],
      },
      tags: [
        { key: 'sgpu:platform', value: 'test' },
        { key: 'sgpu:app', value: 'test/app' },
      ],
    });
  });

  test('is tried in the next zone, then in the next pool, and is told why', async () => {
    scene = await Scene.open({ bootMs: 60_000 });
    scene.outOfStock('g5.xlarge', 'us-east-1a');
    const first = await scene.launch();
    expect(scene.machines.map(({ zone }) => zone)).toEqual(['us-east-1b']);
    scene.outOfStock('g5.xlarge', 'us-east-1b');
    const second = await scene.launch();
    expect(scene.machines.map(({ instanceType }) => instanceType)).toEqual(['g5.xlarge', 'g6.12xlarge']);
    expect(scene.waitingFor(first)).toBe('a g5.xlarge machine (on-demand): starting');
    expect(scene.waitingFor(second)).toBe(
      'a g6.12xlarge machine (spot): starting; no g5.xlarge (on-demand) in us-east-1a, us-east-1b ' +
        '(InsufficientInstanceCapacity), trying again in 30 s',
    );
  });

  test('is tried again as the cool-down ends, which grows with every refusal', async () => {
    scene = await Scene.open({ pools: [GPU] });
    scene.outOfStock('g5.xlarge', 'us-east-1a');
    scene.outOfStock('g5.xlarge', 'us-east-1b');
    const runner = await scene.launch();
    const tries = (): number => scene.standIn.count('LaunchInstances');
    expect(tries()).toBe(2);
    await scene.pass(20_000);
    expect(tries()).toBe(2);
    await scene.pass(10_000);
    expect(tries()).toBe(4);
    await scene.pass(50_000);
    expect(tries()).toBe(4);
    expect(scene.waitingFor(runner)).toMatch(/^no g5.xlarge .*trying again in 10 s$/);
    scene.restock('g5.xlarge', 'us-east-1b');
    await scene.pass(10_000);
    expect(scene.tasks).toHaveLength(0);
    await scene.pass();
    expect(scene.tasks).toHaveLength(1);
  });

  test('is told which quota is used up', async () => {
    scene = await Scene.open({ pools: [GPU] });
    scene.standIn.cluster.quota = 0;
    const runner = await scene.launch();
    expect(scene.waitingFor(runner)).toBe(
      'the vCPU quota of G and VT instances is used up: ask for more of L-DB2E81BA, trying again in 30 s',
    );
  });

  test('is told that its pool is full, and takes the place of one that left', async () => {
    scene = await Scene.open({ pools: [{ ...GPU, maxMachines: 1 }] });
    const first = await scene.launch();
    await scene.pass();
    const second = await scene.launch();
    expect(scene.waitingFor(second)).toBe('pool gpu may have no more than 1 machine (maxMachines)');
    await scene.fleet.stop(first);
    await scene.pass();
    await scene.pass();
    expect(scene.tasks.map(({ startedBy }) => startedBy)).toEqual([first, second]);
    expect(scene.machines).toHaveLength(1);
  });

  test('ends with the reason when it is stopped before it ran', async () => {
    scene = await Scene.open({ bootMs: 60_000 });
    const runner = await scene.launch();
    await scene.fleet.stop(runner);
    expect(await scene.listed(runner)).toMatchObject({ running: false, exitReason: expect.stringMatching(/stopped/) });
    await scene.pass(60_000);
    expect(scene.tasks).toEqual([]);
  });

  test('ends with the reason when ECS can start it nowhere', async () => {
    scene = await Scene.open({ taskDefinition: () => undefined });
    const runner = await scene.launch();
    await scene.pass();
    expect(await scene.listed(runner)).toMatchObject({
      running: false,
      exitReason: expect.stringMatching(/task definition/),
    });
  });
});

describe('machines', () => {
  test('are left alone by their groups: rebalancing of zones is suspended once', async () => {
    scene = await Scene.open({ pools: [GPU, LARGE] });
    const suspended = jest.spyOn(MachineGroups.prototype, 'suspendRebalancing');
    await scene.pass();
    await scene.pass();
    expect(suspended.mock.calls).toEqual([[GPU.autoScalingGroup], [LARGE.autoScalingGroup]]);
    expect(scene.errors).toEqual([]);
    suspended.mockRestore();
  });

  test('are shared by the GPUs of several apps, the fullest first', async () => {
    scene = await Scene.open({ pools: [LARGE] });
    for (let count = 0; count < 5; count++) await scene.launch({ id: `test/app-${count}` });
    await scene.pass();
    const gpus = scene.tasks.map(({ machine, gpuIds }) => `${machine.id} ${gpuIds.join()}`);
    expect(new Set(gpus).size).toBe(5);
    expect(scene.machines.map((machine) => scene.standIn.cluster.tasksOn(machine).length).sort()).toEqual([1, 4]);
  });

  test('that have the image are taken before fuller ones', async () => {
    scene = await Scene.open({ pools: [LARGE] });
    const runners: string[] = [];
    for (let count = 0; count < 4; count++) runners.push(await scene.launch({ id: 'test/other' }));
    await scene.pass();
    const known = await scene.launch({ id: 'test/known' });
    await scene.pass();
    await scene.pass();
    const withImage = scene.tasks.find(({ startedBy }) => startedBy === known)?.machine;
    await scene.fleet.stop(runners[0]!);
    await scene.pass();
    await scene.pass();
    const again = await scene.launch({ id: 'test/known' });
    expect(scene.tasks.find(({ startedBy }) => startedBy === again)?.machine).toBe(withImage);
  });

  test('stay for the keep-alive of their pool, then drain, and end once they are seen empty', async () => {
    scene = await Scene.open({ pools: [GPU] });
    const runner = await scene.launch();
    await scene.pass();
    await scene.fleet.stop(runner);
    await scene.pass();
    await scene.pass(GPU.keepAlive * 1000 - 1);
    expect(scene.machines).toMatchObject([{ status: 'ACTIVE' }]);
    await scene.pass(1);
    expect(scene.machines).toMatchObject([{ status: 'DRAINING' }]);
    await scene.pass();
    expect(scene.machines).toEqual([]);
    expect(scene.standIn.cluster.groups.get(GPU.autoScalingGroup)?.desired).toBe(0);
  });

  test('are called back while they drain for idleness', async () => {
    scene = await Scene.open({ pools: [GPU] });
    await scene.fleet.stop(await scene.launch());
    await scene.pass();
    await scene.pass(GPU.keepAlive * 1000);
    const [machine] = scene.machines;
    expect(machine).toMatchObject({ status: 'DRAINING' });
    await scene.launch();
    expect(scene.tasks.at(-1)?.machine).toBe(machine);
    await scene.pass();
    expect(scene.machines).toEqual([machine]);
  });

  test('that never register are ended and replaced', async () => {
    scene = await Scene.open({ pools: [GPU] });
    scene.standIn.cluster.dead = 1;
    await scene.launch();
    const [dead] = scene.machines;
    await scene.pass(590_000);
    expect(scene.machines).toEqual([dead]);
    await scene.pass();
    await scene.pass();
    expect(scene.machines).not.toContain(dead);
    expect(scene.tasks).toHaveLength(1);
  });

  test('on which starts fail again and again drain; a broken command is not their fault', async () => {
    scene = await Scene.open({ pools: [GPU] });
    await scene.launch();
    await scene.pass();
    const [machine] = scene.machines;
    await scene.fleet.stop(scene.tasks[0]!.startedBy);
    await scene.pass();
    await scene.failStarts(machine!, 4, 'CannotStartContainerError: exec: "nope": executable file not found in $PATH');
    expect(machine).toMatchObject({ status: 'ACTIVE' });
    await scene.failStarts(machine!, 3, 'CannotStartContainerError: nvidia-container-cli: initialization error');
    expect(machine!.endedAt ?? machine!.status).not.toBe('ACTIVE');
  });

  test('whose agent is silent get no runner, and are replaced when it stays silent', async () => {
    scene = await Scene.open({ pools: [GPU] });
    const runner = await scene.launch();
    await scene.pass();
    await scene.fleet.stop(runner);
    await scene.pass();
    const [machine] = scene.machines;
    machine!.connected = false;
    await scene.pass();
    await scene.launch();
    expect(scene.machines).toHaveLength(2);
    await scene.pass(300_000);
    await scene.pass();
    expect(machine!.endedAt).toBeDefined();
  });

  test('that are about to be reclaimed get no runner, tell whom they hold, and end when empty', async () => {
    scene = await Scene.open({ pools: [LARGE] });
    const runner = await scene.launch();
    await scene.pass();
    const [machine] = scene.machines;
    expect(await scene.fleet.drainMachine(machine!.id, 'spot-interruption')).toEqual([runner]);
    expect(machine).toMatchObject({ status: 'DRAINING' });
    await scene.launch();
    expect(scene.machines.map(({ zone }) => zone)).toEqual(['us-east-1a', 'us-east-1b']);
    await scene.fleet.stop(runner);
    await scene.pass();
    await scene.pass();
    expect(machine!.endedAt).toBeDefined();
  });

  test('that vanish take their runners along, and their group does not start others by itself', async () => {
    scene = await Scene.open({ pools: [GPU] });
    const runner = await scene.launch();
    await scene.pass();
    scene.standIn.cluster.terminate(scene.machines[0]!);
    const group = scene.standIn.cluster.groups.get(GPU.autoScalingGroup)!;
    scene.standIn.cluster.stock.set('g5.xlarge|us-east-1a', 0);
    await scene.pass();
    expect(await scene.listed(runner)).toMatchObject({
      running: false,
      exitReason: expect.stringMatching(/terminated/),
    });
    for (let passes = 0; passes < 12; passes++) await scene.pass();
    expect(group.desired).toBe(0);
  });

  test('of a warm pool are asked for, and another pool is tried when none comes', async () => {
    scene = await Scene.open({ pools: [{ ...GPU, warmPool: true }, LARGE] });
    await scene.launch();
    expect(scene.standIn.count('LaunchInstances')).toBe(0);
    await scene.pass();
    expect(scene.tasks).toHaveLength(1);
    scene.outOfStock('g5.xlarge', 'us-east-1a');
    await scene.launch();
    await scene.pass();
    await scene.pass();
    expect(scene.tasks.map(({ machine }) => machine.instanceType)).toEqual(['g5.xlarge', 'g6.12xlarge']);
    expect(scene.standIn.cluster.groups.get(GPU.autoScalingGroup)?.desired).toBe(1);
  });
});

describe('what goes wrong on the way', () => {
  test('a lost answer of RunTask starts no second task', async () => {
    scene = await Scene.open({ pools: [GPU] });
    scene.standIn.loseAnswers('RunTask', 1);
    const runner = await scene.launch();
    await scene.pass();
    await scene.pass();
    await scene.pass();
    expect(scene.tasks.map(({ startedBy }) => startedBy)).toEqual([runner]);
    expect(await scene.listed(runner)).toMatchObject({ running: true });
    expect(scene.errors).toContain(`starting runner ${runner} on ${scene.machines[0]!.id}`);
  });

  test('a lost answer of LaunchInstances launches no second machine', async () => {
    scene = await Scene.open({ pools: [GPU] });
    scene.standIn.loseAnswers('LaunchInstances', 2);
    await scene.launch();
    await scene.pass();
    await scene.pass();
    await scene.pass();
    expect(scene.machines).toHaveLength(1);
    expect(scene.tasks).toHaveLength(1);
  });

  test('a machine that refuses a runner is left for another', async () => {
    scene = await Scene.open({ pools: [GPU] });
    await scene.fleet.stop(await scene.launch());
    await scene.pass();
    const [machine] = scene.machines;
    machine!.refusing = 'RESOURCE:GPU';
    const runner = await scene.launch();
    await scene.pass();
    await scene.pass();
    expect(scene.tasks.find(({ startedBy }) => startedBy === runner)?.machine).not.toBe(machine);
  });

  test('listings that lag neither lose runners nor launch machines twice', async () => {
    scene = await Scene.open({ pools: [GPU], lagMs: 25_000 });
    const runner = await scene.launch();
    for (let passes = 0; passes < 5; passes++) {
      await scene.pass();
      expect(await scene.listed(runner)).toMatchObject({ running: true });
    }
    expect(scene.standIn.count('LaunchInstances')).toBe(1);
    expect(scene.tasks).toHaveLength(1);
    await scene.fleet.stop(runner);
    await scene.pass();
    expect(await scene.listed(runner)).toMatchObject({ running: false });
  });

  test('a pass that failed leaves everything to the next', async () => {
    scene = await Scene.open({ pools: [GPU] });
    scene.standIn.fail('DescribeTasks', 1, new AwsError('ServerException', 'try again', 500));
    scene.standIn.fail('ListTasks', 1, new AwsError('ServerException', 'try again', 500));
    await expect(scene.launch()).rejects.toThrow('try again');
    await scene.pass();
    await scene.pass();
    expect(scene.tasks).toHaveLength(1);
  });

  test('passes of two processes at once give no runner two tasks', async () => {
    scene = await Scene.open({ pools: [LARGE] });
    const other = scene.anotherFleet();
    for (let count = 0; count < 6; count++) await scene.note({});
    for (let passes = 0; passes < 4; passes++) {
      await Promise.all([scene.pass(), other.settle()]);
    }
    expect(new Set(scene.tasks.map(({ startedBy }) => startedBy)).size).toBe(6);
    expect(scene.tasks.filter(({ stopping, ended }) => stopping === undefined && ended === undefined)).toHaveLength(6);
    expect(scene.machines.length).toBeLessThanOrEqual(LARGE.maxMachines);
  });

  test('tasks of others in the cluster are left alone, forgotten runners are listed and can be stopped', async () => {
    scene = await Scene.open({ pools: [LARGE] });
    await scene.launch();
    await scene.pass();
    const [machine] = scene.machines;
    const order = { taskDefinition: 'any:1', overrides: {} };
    scene.standIn.cluster.start(machine!, { ...order, startedBy: 'others', tags: [] });
    scene.standIn.cluster.start(machine!, {
      ...order,
      ...{ startedBy: 'forgotten', tags: [{ key: 'sgpu:platform', value: 'test' }] },
    });
    await scene.pass();
    expect(await scene.listed('others')).toBeUndefined();
    expect(await scene.listed('forgotten')).toEqual({ id: 'forgotten', running: true });
    await scene.fleet.stop('forgotten');
    await scene.pass();
    expect(await scene.listed('forgotten')).toBeUndefined();
  });
});

const GPU: PoolDeployment = {
  ...{ pool: 'gpu', instanceType: 'g5.xlarge', market: 'on-demand', autoScalingGroup: 'sgpu-test-pool-gpu' },
  ...{ gpus: 1, cpu: 4096, memoryMiB: 15_000, keepAlive: 120, maxMachines: 4 },
};
const LARGE: PoolDeployment = {
  ...{ pool: 'large', instanceType: 'g6.12xlarge', market: 'spot', autoScalingGroup: 'sgpu-test-pool-large' },
  ...{ gpus: 4, cpu: 48 * 1024, memoryMiB: 180_000, keepAlive: 120, maxMachines: 2 },
};

/** A fleet over a stand-in whose time moves only with `pass`. */
class Scene {
  now = 1_800_000_000_000;
  readonly records = new Map<string, RunnerRecord>();
  readonly errors: string[] = [];
  readonly fleet: EcsFleet;
  private readonly memory = new MemoryFleetMemory();
  private readonly ecs: ECSClient;
  private readonly autoScaling: AutoScalingClient;
  private count = 0;

  private constructor(
    readonly standIn: EcsStandIn,
    private readonly pools: readonly PoolDeployment[],
  ) {
    this.ecs = new ECSClient({ ...standIn.client, maxAttempts: 1 });
    this.autoScaling = new AutoScalingClient({ ...standIn.client, maxAttempts: 1 });
    this.fleet = this.anotherFleet();
  }

  static async open(options: Partial<EcsStandInOptions>): Promise<Scene> {
    const pools = options.pools ?? [GPU, LARGE];
    const clock: { now: () => number } = { now: () => 0 };
    const standIn = await EcsStandIn.start({ ...options, pools, now: () => clock.now() });
    const opened = new Scene(standIn, pools);
    clock.now = () => opened.now;
    return opened;
  }

  anotherFleet(): EcsFleet {
    const { ecs, autoScaling, memory, records } = this;
    return new EcsFleet({
      ...{ ecs, autoScaling, memory, cluster: 'test', platform: 'test', clock: { now: () => this.now } },
      pools: async () => this.pools,
      registry: {
        get: async (id) => records.get(id),
        replace: async (next) => {
          records.set(next.id, next);
          return true;
        },
      },
      onError: (_error, doing) => this.errors.push(doing),
    });
  }

  get machines(): readonly StandInMachine[] {
    return this.standIn.cluster.present;
  }

  get tasks(): EcsStandIn['cluster']['tasks'] {
    return this.standIn.cluster.tasks;
  }

  async note(over: Partial<AppRecord>): Promise<string> {
    const deployment = {
      ...{ taskDefinition: 'arn:aws:ecs:us-east-1:123456789012:task-definition/sgpu-test-app:1', queueUrl: '' },
      ...{ pools: this.pools.map(({ pool }) => pool), gpus: 1, cpu: 1024, memoryMiB: 1024 },
    };
    const app = exampleApp({ id: 'test/app', revision: '1', deployment, ...over });
    const id = `runner-${String(++this.count).padStart(4, '0')}`;
    const runner = launched({ id, app: app.id, revision: app.revision, createdAt: this.now });
    this.records.set(id, runner);
    await this.fleet.launch(runner, app);
    return id;
  }

  async launch(over: Partial<AppRecord> = {}): Promise<string> {
    const id = await this.note(over);
    await this.fleet.settle();
    return id;
  }

  async pass(afterMs = TICK_MS): Promise<void> {
    this.now += afterMs;
    await this.fleet.settle();
  }

  async listed(id: string): Promise<FleetRunner | undefined> {
    return (await this.fleet.list()).find((runner) => runner.id === id);
  }

  waitingFor(id: string): string | undefined {
    return this.records.get(id)?.waitingFor;
  }

  outOfStock(instanceType: string, zone: string): void {
    this.standIn.cluster.stock.set(`${instanceType}|${zone}`, 0);
  }

  restock(instanceType: string, zone: string): void {
    this.standIn.cluster.stock.delete(`${instanceType}|${zone}`);
  }

  /** Launches runners one after the other, of which the next ones fail to start on the machine. */
  async failStarts(machine: StandInMachine, count: number, reason: string): Promise<void> {
    for (let number = 0; number < count; number++) {
      machine.failures = { count: 1, reason };
      await this.launch();
      await this.pass();
    }
  }

  async close(): Promise<void> {
    this.ecs.destroy();
    this.autoScaling.destroy();
    await this.standIn.stop();
  }
}
