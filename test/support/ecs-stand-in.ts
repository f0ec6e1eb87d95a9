/**
 * A stand-in for the calls of ECS and Auto Scaling that the fleet makes, over HTTP. Unlike the emulators it honours
 * placement, GPUs, DRAINING, the lag of listings, client tokens, stock by zone and quotas, and it may start real
 * containers. What it does is what AWS documents; none of it was compared with AWS.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PoolDeployment } from '../../runtime/domain/deployment';
import { StandInCluster, type ClusterOptions, type StandInMachine, type StandInTask } from './ecs-stand-in-cluster';
import { answer, AwsError, listIn, readCall, refuse, type AwsCall } from './ecs-stand-in-wire';

export interface EcsStandInOptions extends Partial<ClusterOptions> {
  readonly pools: readonly PoolDeployment[];
  /** Availability zones of every group. */
  readonly zones?: readonly string[];
  /** How long a listing lags behind. */
  readonly lagMs?: number;
}

/** What is to go wrong with the next calls of an operation. */
interface Fault {
  count: number;
  readonly kind: 'answer lost' | AwsError;
}

type Handler = (input: AwsCall['input']) => unknown;

export class EcsStandIn {
  readonly cluster: StandInCluster;
  readonly calls: AwsCall[] = [];
  private readonly server: Server;
  private readonly faults = new Map<string, Fault>();
  private readonly started = new Map<string, { readonly request: string; readonly answer: unknown }>();
  private readonly launched = new Map<string, unknown>();
  private readonly lagMs: number;

  private constructor(options: EcsStandInOptions) {
    const { pools, zones = ['us-east-1a', 'us-east-1b'], lagMs = 0, ...cluster } = options;
    this.lagMs = lagMs;
    this.cluster = new StandInCluster({
      ...{ name: 'test', now: Date.now, bootMs: 0, pullMs: 0, stopMs: 0 },
      taskDefinition: () => ({ gpus: 1, cpu: 1024, memoryMiB: 1024 }),
      ...cluster,
    });
    for (const pool of pools) this.cluster.groups.set(pool.autoScalingGroup, { pool, zones, desired: 0 });
    this.server = createServer((request, response) => {
      void readCall(request).then((call) => {
        try {
          const lost = this.faultOf(call.operation);
          const output = this.handle(call);
          if (lost) response.destroy();
          else answer(response, call, output);
        } catch (error) {
          refuse(response, call, error);
        }
      });
    });
  }

  static async start(options: EcsStandInOptions): Promise<EcsStandIn> {
    const standIn = new EcsStandIn(options);
    await new Promise<void>((resolve) => standIn.server.listen(0, '127.0.0.1', resolve));
    return standIn;
  }

  /** Settings of a client that talks to it. */
  get client(): {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  } {
    const { port } = this.server.address() as AddressInfo;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    return { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The next calls of an operation succeed, and their callers don't learn of it. */
  loseAnswers(operation: string, count: number): void {
    this.faults.set(operation, { count, kind: 'answer lost' });
  }

  /** The next calls of an operation fail. */
  fail(operation: string, count: number, error: AwsError): void {
    this.faults.set(operation, { count, kind: error });
  }

  count(operation: string): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  private faultOf(operation: string): boolean {
    const fault = this.faults.get(operation);
    if (fault === undefined || fault.count <= 0) return false;
    fault.count--;
    if (fault.kind !== 'answer lost') throw fault.kind;
    return true;
  }

  private handle(call: AwsCall): unknown {
    this.calls.push(call);
    this.cluster.progress();
    const handler = this.handlers[call.operation];
    if (handler === undefined) throw new AwsError('UnknownOperationException', call.operation);
    return handler(call.input);
  }

  private readonly handlers: Readonly<Record<string, Handler>> = {
    ListTasks: (input) => ({
      taskArns: this.cluster.tasks
        .filter((task) => input.startedBy === undefined || task.startedBy === input.startedBy)
        .filter((task) => this.listed(task.createdAt, task.stopping?.at ?? task.ended?.at))
        .map((task) => task.arn),
    }),
    DescribeTasks: (input) => {
      const found = this.cluster.tasks.filter((task) => (input.tasks as string[]).includes(task.arn));
      return { tasks: found.map((task) => this.describeTask(task)), failures: [] };
    },
    RunTask: (input) => this.once(input, () => this.runTask(input)),
    StopTask: (input) => {
      const task = this.cluster.tasks.find(({ arn }) => arn === input.task);
      if (task === undefined) throw new AwsError('InvalidParameterException', 'The referenced task was not found.');
      this.cluster.stop(task, input.reason as string);
      return { task: this.describeTask(task) };
    },
    ListContainerInstances: () => ({
      containerInstanceArns: this.cluster.machines
        .filter((machine) => this.listed(machine.registersAt, machine.endedAt))
        .map((machine) => machine.arn),
    }),
    DescribeContainerInstances: (input) => {
      const arns = input.containerInstances as string[];
      const found = this.cluster.machines.filter((machine) => arns.includes(machine.arn));
      return { containerInstances: found.map((machine) => this.describeMachine(machine)), failures: [] };
    },
    UpdateContainerInstancesState: (input) => {
      const [arn] = input.containerInstances as string[];
      const machine = this.cluster.present.find((one) => one.arn === arn);
      if (machine === undefined) return { containerInstances: [], failures: [{ arn, reason: 'MISSING' }] };
      machine.status = input.status as StandInMachine['status'];
      return { containerInstances: [this.describeMachine(machine)], failures: [] };
    },
    DescribeAutoScalingGroups: (input) => ({
      AutoScalingGroups: listIn(input, 'AutoScalingGroupNames').flatMap((name) => this.describeGroup(name)),
    }),
    LaunchInstances: (input) => this.launchInstances(input),
    SetDesiredCapacity: (input) => {
      this.groupNamed(input.AutoScalingGroupName).desired = Number(input.DesiredCapacity);
      this.cluster.progress();
      return {};
    },
    SuspendProcesses: (input) => {
      const processes = listIn(input, 'ScalingProcesses');
      this.groupNamed(input.AutoScalingGroupName).suspended = processes;
      return {};
    },
    DescribeScalingActivities: (input) => {
      const { failing, failedAt } = this.groupNamed(input.AutoScalingGroupName);
      if (failing === undefined || failedAt === undefined) return { Activities: [] };
      const activity = { StatusCode: 'Failed', StatusMessage: failing, StartTime: new Date(failedAt).toISOString() };
      return { Activities: [{ ActivityId: '1', ...activity, Cause: 'desired capacity' }] };
    },
    TerminateInstanceInAutoScalingGroup: (input) => {
      const machine = this.cluster.present.find(({ id }) => id === input.InstanceId);
      if (machine === undefined)
        throw new AwsError('ValidationError', `Instance Id not found - ${String(input.InstanceId)}`);
      if (input.ShouldDecrementDesiredCapacity === 'true') this.groupNamed(machine.group).desired--;
      this.cluster.terminate(machine);
      return { Activity: { ActivityId: '1', StatusCode: 'InProgress' } };
    },
  };

  /** True for what a listing shows that lags. */
  private listed(from: number, until: number | undefined): boolean {
    const then = this.cluster.now - this.lagMs;
    return from <= then && (until === undefined || until > then);
  }

  /** The same client token gives the same answer; with other parameters it is a conflict. */
  private once(input: AwsCall['input'], run: () => unknown): unknown {
    const token = input.clientToken as string;
    const request = JSON.stringify(input);
    const before = this.started.get(token);
    if (before === undefined) {
      const answered = { request, answer: run() };
      this.started.set(token, answered);
      return answered.answer;
    }
    if (before.request !== request)
      throw new AwsError('ConflictException', 'The token is in use', 400, { resourceIds: [] });
    return before.answer;
  }

  private runTask(input: AwsCall['input']): unknown {
    const [{ expression }] = input.placementConstraints as [{ expression: string }];
    const id = /^ec2InstanceId == (i-[0-9a-f]+)$/.exec(expression)?.[1];
    const machine = this.cluster.present.find(
      (one) => one.id === id && one.status === 'ACTIVE' && one.registersAt <= this.cluster.now,
    );
    if (machine === undefined)
      return { tasks: [], failures: [{ reason: 'MemberOf placement constraint unsatisfied.' }] };
    const started = this.cluster.start(machine, {
      taskDefinition: input.taskDefinition as string,
      startedBy: input.startedBy as string,
      tags: input.tags as StandInTask['tags'],
      overrides: input.overrides,
    });
    if (typeof started === 'string') return { tasks: [], failures: [{ arn: machine.arn, reason: started }] };
    return { tasks: [this.describeTask(started)], failures: [] };
  }

  private launchInstances(input: AwsCall['input']): unknown {
    const token = input.ClientToken as string;
    const before = this.launched.get(token);
    if (before !== undefined) return before;
    const group = this.groupNamed(input.AutoScalingGroupName);
    const [zone] = listIn(input, 'AvailabilityZones');
    if (zone === undefined || !group.zones.includes(zone)) throw new AwsError('ValidationError', 'Name one zone');
    const ids: string[] = [];
    const errors: unknown[] = [];
    while (ids.length < Number(input.RequestedCapacity) && errors.length === 0) {
      try {
        ids.push(this.cluster.launch(group, zone).id);
        group.desired++;
      } catch (error) {
        const { code, message } = error as AwsError;
        errors.push({
          InstanceType: group.pool.instanceType,
          AvailabilityZone: zone,
          ErrorCode: code,
          ErrorMessage: message,
        });
      }
    }
    const Instances = ids.length === 0 ? [] : [{ AvailabilityZone: zone, InstanceIds: ids }];
    const output = { AutoScalingGroupName: input.AutoScalingGroupName, ClientToken: token, Instances, Errors: errors };
    this.launched.set(token, output);
    return output;
  }

  private groupNamed(name: unknown): ReturnType<StandInCluster['groups']['get']> & object {
    const group = this.cluster.groups.get(String(name));
    if (group === undefined) throw new AwsError('ValidationError', `AutoScalingGroup name not found - ${String(name)}`);
    return group;
  }

  private describeGroup(name: string): readonly unknown[] {
    const group = this.cluster.groups.get(name);
    if (group === undefined) return [];
    const Instances = this.cluster.machines
      .filter((machine) => machine.group === name && this.listed(machine.launchedAt, machine.endedAt))
      .map((machine) => ({
        ...{ InstanceId: machine.id, AvailabilityZone: machine.zone, LifecycleState: 'InService' },
        ...{ HealthStatus: 'Healthy', ProtectedFromScaleIn: true },
      }));
    const sizes = { MinSize: 0, MaxSize: group.pool.maxMachines, DesiredCapacity: group.desired };
    const SuspendedProcesses = group.suspended?.map((ProcessName) => ({ ProcessName, SuspensionReason: 'User' }));
    return [{ AutoScalingGroupName: name, ...sizes, AvailabilityZones: group.zones, Instances, SuspendedProcesses }];
  }

  private describeMachine(machine: StandInMachine): unknown {
    const { status, connected, endedAt } = machine;
    const { cpu, memoryMiB } = this.cluster.free(machine);
    return {
      ...{ containerInstanceArn: machine.arn, ec2InstanceId: machine.id, agentConnected: connected },
      status: endedAt === undefined ? status : 'INACTIVE',
      registeredResources: [
        { name: 'CPU', type: 'INTEGER', integerValue: machine.room.cpu },
        { name: 'MEMORY', type: 'INTEGER', integerValue: machine.room.memoryMiB },
        { name: 'GPU', type: 'STRINGSET', stringSetValue: machine.gpuIds },
      ],
      remainingResources: [
        { name: 'CPU', type: 'INTEGER', integerValue: cpu },
        { name: 'MEMORY', type: 'INTEGER', integerValue: memoryMiB },
        { name: 'GPU', type: 'STRINGSET', stringSetValue: machine.gpuIds },
      ],
      ...{ runningTasksCount: this.cluster.tasksOn(machine).length, pendingTasksCount: 0 },
      healthStatus: { overallStatus: machine.impaired ? 'IMPAIRED' : 'OK' },
    };
  }

  private describeTask(task: StandInTask): unknown {
    const { ended, stopping } = task;
    const runs = task.runsAt <= this.cluster.now && ended?.stopCode !== 'TaskFailedToStart';
    const status = ended !== undefined ? 'STOPPED' : stopping !== undefined ? 'STOPPING' : runs ? 'RUNNING' : 'PENDING';
    const container = (name: string, gpuIds: readonly string[]): unknown => ({
      ...{ name, gpuIds },
      ...(ended?.exitCode === undefined ? {} : { exitCode: ended.exitCode }),
      ...(ended?.reason === undefined ? {} : { reason: ended.reason }),
    });
    return {
      ...{ taskArn: task.arn, taskDefinitionArn: task.taskDefinition, containerInstanceArn: task.machine.arn },
      ...{ startedBy: task.startedBy, tags: task.tags, lastStatus: status, group: 'family:test' },
      ...{ cpu: String(task.room.cpu), memory: String(task.room.memoryMiB) },
      ...(runs ? { startedAt: task.runsAt / 1000, pullStoppedAt: task.runsAt / 1000 } : {}),
      ...(ended === undefined ? {} : { stopCode: ended.stopCode, stoppedReason: ended.stoppedReason }),
      containers: [container('app', task.gpuIds), container('agent', [])],
    };
  }
}
