/**
 * The fleet on ECS and Auto Scaling: a runner is a standalone task on a machine that is named, a pool of machines an Auto
 * Scaling group of one instance type.
 *
 * `launch` only notes the runner. A pass, `settle`, does the rest: it looks at machines and tasks, gives waiting runners
 * machines, and has machines launched, drained and ended. It keeps nothing in the process, and one that died half-way is
 * finished by the next, wherever that runs.
 */
import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { AppRecord, Revision } from '../domain/app';
import type { PoolDeployment, RevisionDeployment } from '../domain/deployment';
import type { RunnerRecord } from '../domain/runner';
import { UserError } from '../domain/user-error';
import type { Clock, Fleet, FleetRunner, RunnerRegistry } from '../ports';
import { EcsContainerInstances } from './ecs-container-instances';
import { EcsRunners, newRunnerNote } from './ecs-runners';
import { EcsTasks, type EcsTask } from './ecs-tasks';
import { MachineGroups } from './machines-auto-scaling';
import { FleetConflictError, FleetNotes, type FleetMemory, type MachineNote, type RunnerNote } from './machines-notes';
import { MachinePools } from './machines-pools';
import type { Sight } from './machines-observation';

export interface EcsFleetOptions {
  readonly ecs: Pick<ECSClient, 'send'>;
  readonly autoScaling: Pick<AutoScalingClient, 'send'>;
  readonly memory: FleetMemory;
  /** All pools as deployed. */
  readonly pools: () => Promise<readonly PoolDeployment[]>;
  /** Starting runners' records are told what they wait for. */
  readonly registry: Pick<RunnerRegistry, 'get' | 'replace'>;
  readonly clock: Clock;
  readonly cluster: string;
  /** The platform's name: tasks with another in their tag are left alone. */
  readonly platform: string;
  /** Told what went wrong in one part of a pass; the other parts go on, and the next pass tries again. */
  readonly onError: (error: unknown, doing: string) => void;
}

/** Why a machine is about to be taken away, in EC2's words. */
export type MachineNotice = 'spot-interruption' | 'rebalance-recommendation';

/** A listing may be this old: a pass lists right after it looked. */
const LOOK_KEPT_MS = 2_000;

/** Attempts at a change that other passes get in the way of. */
const ATTEMPTS = 5;

export class EcsFleet implements Fleet {
  private readonly tasks: EcsTasks;
  private readonly instances: EcsContainerInstances;
  private readonly groups: MachineGroups;
  private readonly runners: EcsRunners;
  private readonly machines: MachinePools;
  private lastLook: { readonly at: number; readonly tasks: readonly EcsTask[] } | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: EcsFleetOptions) {
    const { ecs, autoScaling, cluster, platform } = options;
    this.tasks = new EcsTasks(ecs, cluster, platform);
    this.instances = new EcsContainerInstances(ecs, cluster);
    this.groups = new MachineGroups(autoScaling);
    this.runners = new EcsRunners({ ...options, tasks: this.tasks });
    this.machines = new MachinePools({ ...options, groups: this.groups, instances: this.instances });
  }

  /** Throws a `UserError` where nobody knows how to start the runner's revision. */
  async launch(runner: RunnerRecord, app: AppRecord): Promise<void> {
    const deployment = deploymentOf(app, runner.revision);
    const pools = await this.options.pools();
    const open = new Set(pools.filter((pool) => (pool.dedicatedTo ?? app.id) === app.id).map(({ pool }) => pool));
    const { taskDefinition, gpus, cpu, memoryMiB } = deployment;
    const note = newRunnerNote(runner, {
      taskDefinition,
      needs: { gpus, cpu, memoryMiB },
      pools: deployment.pools.filter((pool) => open.has(pool)),
    });
    // False: it was launched before.
    await this.options.memory.save(note);
  }

  /**
   * Ends a runner. How long its containers have after SIGTERM is in its task definition, which is made from the app's
   * grace period; ECS takes no other.
   */
  async stop(runner: string): Promise<void> {
    await this.alone(async (notes) => {
      const note = notes.get('runner', runner);
      if (note !== undefined) return this.runners.stop(notes, note, STOPPED);
      for (const task of await this.tasks.tasksOf(runner)) await this.tasks.stop(task, STOPPED);
    });
  }

  async list(): Promise<readonly FleetRunner[]> {
    return this.alone(async (notes) => {
      const fresh = this.lastLook !== undefined && this.options.clock.now() - this.lastLook.at < LOOK_KEPT_MS;
      if (!fresh) await this.look(notes);
      const noted = notes.all('runner');
      const known = new Set(noted.map(({ id }) => id));
      const strays = new Set(
        (this.lastLook?.tasks ?? []).flatMap(({ runner, status }) =>
          runner === undefined || known.has(runner) || status === 'STOPPED' ? [] : [runner],
        ),
      );
      return [...noted.map(listing), ...[...strays].map((id) => ({ id, running: true }))];
    });
  }

  async settle(): Promise<void> {
    await this.alone(async (notes) => {
      const sight = await this.look(notes);
      const machines = await this.machines.look(notes, sight);
      const placed = await this.runners.start(notes, machines, (machine) => this.machines.callBack(notes, machine));
      const waits = await this.machines.size(notes, sight, placed.machines, placed.unplaced);
      await this.runners.tell(notes, waits);
    });
  }

  /**
   * EC2 is about to take a machine away: it gets no more runners, and its kind of machine is not asked for again at once.
   * Returns the runners on it, which are to drain.
   */
  async drainMachine(instance: string, notice: MachineNotice): Promise<readonly string[]> {
    return this.alone(async (notes) => {
      const note = notes.get('machine', instance);
      if (note === undefined) return [];
      const pool = (await this.options.pools()).find((one) => one.pool === note.pool);
      const drained = note.drain !== 'reclaimed';
      await notes.put<MachineNote>({ ...note, drain: 'reclaimed' });
      if (drained && pool !== undefined) {
        const { instanceType, market } = pool;
        await this.machines.coolDown(notes, { instanceType, market, zone: note.zone, kind: 'capacity', code: notice });
      }
      if (note.containerInstance !== undefined) await this.instances.setStatus(note.containerInstance, 'DRAINING');
      return notes
        .all('runner')
        .filter((runner) => runner.machine === instance && runner.ended === undefined)
        .map(({ id }) => id);
    });
  }

  /** Looks at everything once and follows what became of runners. */
  private async look(notes: FleetNotes): Promise<Sight> {
    const at = this.options.clock.now();
    const pools = await this.options.pools();
    const known = notes.all('runner').flatMap(({ task, ended }) => (task === undefined || ended ? [] : [task]));
    const noted = notes.all('machine').flatMap(({ containerInstance: arn }) => (arn === undefined ? [] : [arn]));
    const [groups, instances, tasks] = await Promise.all([
      this.groups.describe(pools.map((pool) => pool.autoScalingGroup)),
      this.instances.describe(noted),
      this.tasks.describe(known),
    ]);
    await this.runners.follow(notes, tasks);
    this.lastLook = { at, tasks };
    return { at, pools, groups, instances, tasks };
  }

  /** One after the other within this process; a change from another process makes it begin anew. */
  private alone<T>(work: (notes: FleetNotes) => Promise<T>): Promise<T> {
    const result = this.last.then(() => this.withNotes(work));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async withNotes<T>(work: (notes: FleetNotes) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(await FleetNotes.load(this.options.memory));
      } catch (error) {
        if (!(error instanceof FleetConflictError) || attempt === ATTEMPTS) throw error;
      }
    }
  }
}

const STOPPED = 'it was stopped by the platform';

function deploymentOf(app: AppRecord, revision: string): RevisionDeployment {
  const revisions: readonly Revision[] = [app, ...(app.earlier ?? [])];
  const deployment = revisions.find((one) => one.revision === revision)?.deployment;
  if (deployment === undefined)
    throw new UserError(`${app.id} has no deployment of revision ${revision}: deploy its stack again`);
  return deployment;
}

function listing({ id, ended }: RunnerNote): FleetRunner {
  return ended === undefined ? { id, running: true } : { id, running: false, exitReason: ended.reason };
}
