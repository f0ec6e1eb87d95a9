/** The cluster behind the stand-in: machines with GPUs, tasks on them, groups that launch machines. */
import { randomBytes } from 'node:crypto';
import type { PoolDeployment } from '../../runtime/domain/deployment';
import { fits, less, type Room } from '../../runtime/domain/machine';
import { AwsError } from './ecs-stand-in-wire';

export const CLUSTER_ARN = 'arn:aws:ecs:us-east-1:123456789012';

export interface StandInMachine {
  readonly id: string;
  readonly arn: string;
  readonly group: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly launchedAt: number;
  /** `Infinity` for one that never will. */
  readonly registersAt: number;
  readonly gpuIds: readonly string[];
  readonly room: Room;
  status: 'ACTIVE' | 'DRAINING';
  connected: boolean;
  impaired: boolean;
  /** Why it refuses every task, though it looks as if it had room. */
  refusing?: string;
  /** Starts that are still to fail on it, and how. */
  failures: { count: number; reason: string };
  endedAt?: number;
}

export interface StandInTask {
  readonly arn: string;
  readonly taskDefinition: string;
  readonly machine: StandInMachine;
  readonly startedBy: string;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly overrides: unknown;
  readonly room: Room;
  readonly gpuIds: readonly string[];
  readonly createdAt: number;
  readonly runsAt: number;
  stopping?: { at: number; reason: string };
  ended?: { at: number; exitCode?: number; reason?: string; stopCode: string; stoppedReason: string };
}

export interface StandInGroup {
  readonly pool: PoolDeployment;
  readonly zones: readonly string[];
  desired: number;
  /** Processes that it was told to leave alone. */
  suspended?: readonly string[];
  /** Why the group's own launches fail, as its activities tell it. */
  failing?: string;
  failedAt?: number;
}

/** What a running task is made of outside the stand-in. */
export interface Containers {
  readonly ended: Promise<{ readonly exitCode: number; readonly reason?: string }>;
  stop(): void;
}

export interface ClusterOptions {
  /** The cluster's name. */
  readonly name: string;
  readonly now: () => number;
  /** From launch to registration. */
  readonly bootMs: number;
  /** From `RunTask` to running containers. */
  readonly pullMs: number;
  /** From SIGTERM to the end of the containers. */
  readonly stopMs: number;
  readonly taskDefinition: (arn: string) => Room | undefined;
  /** Starts real containers; without it tasks run until they are stopped. */
  readonly onTaskStart?: (task: StandInTask) => Containers;
}

export class StandInCluster {
  readonly machines: StandInMachine[] = [];
  readonly tasks: StandInTask[] = [];
  readonly groups = new Map<string, StandInGroup>();
  /** Machines that may still be launched, by `instance type|zone`; any number where nothing is said. */
  readonly stock = new Map<string, number>();
  /** Machines that may be there at once in all, of all types: stands for a vCPU quota. */
  quota = Infinity;
  /** How many of the next machines never register. */
  dead = 0;
  private readonly running = new Map<StandInTask, Containers>();

  constructor(readonly options: ClusterOptions) {}

  get now(): number {
    return this.options.now();
  }

  /** Machines that did not end, the lag of listings aside. */
  get present(): readonly StandInMachine[] {
    return this.machines.filter((machine) => machine.endedAt === undefined);
  }

  tasksOn(machine: StandInMachine): readonly StandInTask[] {
    return this.tasks.filter((task) => task.machine === machine && task.ended === undefined);
  }

  free(machine: StandInMachine): Room {
    return this.tasksOn(machine).reduce((room, task) => less(room, task.room), machine.room);
  }

  /** Launches a machine, or throws what EC2 says instead. */
  launch(group: StandInGroup, zone: string): StandInMachine {
    const { instanceType, gpus, cpu, memoryMiB } = group.pool;
    if (this.present.length >= this.quota)
      throw new AwsError('VcpuLimitExceeded', 'You have requested more vCPU capacity');
    const key = `${instanceType}|${zone}`;
    const left = this.stock.get(key) ?? Infinity;
    if (left <= 0) throw new AwsError('InsufficientInstanceCapacity', `There is no ${instanceType} in ${zone}`);
    this.stock.set(key, left - 1);
    const id = `i-${randomBytes(8).toString('hex')}`;
    const registersAt = this.dead > 0 ? Infinity : this.now + this.options.bootMs;
    this.dead = Math.max(0, this.dead - 1);
    const machine: StandInMachine = {
      ...{ id, group: group.pool.autoScalingGroup, instanceType, zone, launchedAt: this.now, registersAt },
      arn: `${CLUSTER_ARN}:container-instance/${this.options.name}/${randomBytes(16).toString('hex')}`,
      gpuIds: Array.from({ length: gpus }, () => `GPU-${randomBytes(8).toString('hex')}`),
      room: { gpus, cpu, memoryMiB },
      ...{ status: 'ACTIVE', connected: true, impaired: false, failures: { count: 0, reason: '' } },
    };
    this.machines.push(machine);
    return machine;
  }

  /** The machine is gone, and so is what ran on it. */
  terminate(machine: StandInMachine): void {
    if (machine.endedAt !== undefined) return;
    machine.endedAt = this.now;
    const why = `Host EC2 (instance ${machine.id}) terminated.`;
    for (const task of this.tasksOn(machine)) this.end(task, { stopCode: 'TerminationNotice', stoppedReason: why });
  }

  /** Starts a task, or says why ECS does not. */
  start(
    machine: StandInMachine,
    order: Pick<StandInTask, 'taskDefinition' | 'startedBy' | 'tags' | 'overrides'>,
  ): StandInTask | string {
    const room = this.options.taskDefinition(order.taskDefinition);
    if (room === undefined) throw new AwsError('ClientException', 'Unable to describe task definition.');
    if (!machine.connected) return 'AGENT';
    if (machine.refusing !== undefined) return machine.refusing;
    const free = this.free(machine);
    if (!fits(room, free)) return room.gpus > free.gpus ? 'RESOURCE:GPU' : 'RESOURCE:MEMORY';
    const used = new Set(this.tasksOn(machine).flatMap((task) => task.gpuIds));
    const task: StandInTask = {
      ...order,
      ...{ machine, room, createdAt: this.now, runsAt: this.now + this.options.pullMs },
      arn: `${CLUSTER_ARN}:task/${this.options.name}/${randomBytes(16).toString('hex')}`,
      gpuIds: machine.gpuIds.filter((gpu) => !used.has(gpu)).slice(0, room.gpus),
    };
    this.tasks.push(task);
    if (machine.failures.count > 0) this.failStart(task, machine);
    else if (this.options.onTaskStart !== undefined) this.startContainers(task, this.options.onTaskStart);
    return task;
  }

  stop(task: StandInTask, reason: string): void {
    if (task.ended !== undefined || task.stopping !== undefined) return;
    task.stopping = { at: this.now, reason };
    this.running.get(task)?.stop();
  }

  end(task: StandInTask, how: Omit<NonNullable<StandInTask['ended']>, 'at'>): void {
    task.ended ??= { at: this.now, ...how };
  }

  /** What time alone brings about. */
  progress(): void {
    for (const task of this.tasks) {
      if (task.stopping === undefined || task.ended !== undefined || this.running.has(task)) continue;
      if (this.now - task.stopping.at >= this.options.stopMs)
        this.end(task, { exitCode: 143, stopCode: 'UserInitiated', stoppedReason: task.stopping.reason });
    }
    for (const group of this.groups.values()) this.fill(group);
  }

  /** A group starts what it lacks by itself, and says in its activities when it can't. */
  private fill(group: StandInGroup): void {
    const members = this.present.filter((machine) => machine.group === group.pool.autoScalingGroup);
    for (let count = members.length; count < group.desired; count++) {
      try {
        this.launch(group, group.zones[0] ?? '');
      } catch (error) {
        group.failing = `Could not launch instances. ${(error as AwsError).code}: ${(error as Error).message}`;
        group.failedAt = this.now;
        return;
      }
    }
  }

  private failStart(task: StandInTask, machine: StandInMachine): void {
    const { reason } = machine.failures;
    machine.failures = { ...machine.failures, count: machine.failures.count - 1 };
    this.end(task, { reason, stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' });
  }

  private startContainers(task: StandInTask, start: NonNullable<ClusterOptions['onTaskStart']>): void {
    const containers = start(task);
    this.running.set(task, containers);
    void containers.ended.then(({ exitCode, reason }) => {
      const stopCode = task.stopping === undefined ? 'EssentialContainerExited' : 'UserInitiated';
      const stoppedReason = task.stopping?.reason ?? 'Essential container in task exited';
      this.end(task, { exitCode, ...(reason === undefined ? {} : { reason }), stopCode, stoppedReason });
    });
  }
}
