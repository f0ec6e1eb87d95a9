/** Runners as standalone ECS tasks, each on a machine that was chosen for it. */
import {
  ConflictException,
  DescribeTasksCommand,
  ECSServiceException,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
  type Container,
  type ECSClient,
  type Task,
} from '@aws-sdk/client-ecs';
import { CONTAINER, TAG, VARIABLE } from '../aws-layout';
import type { Room } from '../domain/machine';

/** A task of the cluster, whoever started it. */
export interface EcsTask {
  readonly arn: string;
  /** Set where the task is a runner of this platform. */
  readonly runner?: string;
  readonly containerInstance?: string;
  /** `PROVISIONING`, `PENDING`, `ACTIVATING`, `RUNNING`, …, `STOPPED`. */
  readonly status: string;
  /** True for a task that a service keeps on every machine or by its own count: it doesn't keep a machine alive. */
  readonly ofService: boolean;
  readonly room: Room;
  readonly startedAt?: number;
  readonly pulled: boolean;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly containers: readonly { readonly name: string; readonly exitCode?: number; readonly reason?: string }[];
}

export interface RunOrder {
  readonly runner: string;
  readonly app: string;
  readonly revision: string;
  readonly taskDefinition: string;
  /** EC2 instance id. */
  readonly machine: string;
  /** The same for repetitions of one call: ECS then answers with the task of the first. */
  readonly clientToken: string;
}

/** `refused`: nothing runs; another machine may take it. `invalid`: no machine will. `unanswered`: repeat the call. */
export type RunAnswer =
  | { readonly kind: 'started'; readonly task: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'unanswered'; readonly reason: string };

/** `DescribeTasks` takes no more at once. */
const DESCRIBED_AT_ONCE = 100;

export class EcsTasks {
  constructor(
    private readonly client: Pick<ECSClient, 'send'>,
    private readonly cluster: string,
    private readonly platform: string,
  ) {}

  /**
   * Tasks that are to run, and those of `known` ARNs whatever their state: a listing may lag, a description by ARN is of
   * the task itself. A known task that is in neither is not there, as far as ECS knows at this moment.
   */
  async describe(known: readonly string[]): Promise<readonly EcsTask[]> {
    const arns = [...new Set([...(await this.listed({})), ...known])];
    const tasks: EcsTask[] = [];
    for (let first = 0; first < arns.length; first += DESCRIBED_AT_ONCE) {
      const page = await this.client.send(
        new DescribeTasksCommand({
          cluster: this.cluster,
          tasks: arns.slice(first, first + DESCRIBED_AT_ONCE),
          include: ['TAGS'],
        }),
      );
      tasks.push(...(page.tasks ?? []).map((task) => this.taskOf(task)));
    }
    return tasks;
  }

  /** ARNs of the tasks of a runner that are to run. */
  async tasksOf(runner: string): Promise<readonly string[]> {
    return this.listed({ startedBy: runner });
  }

  async run(order: RunOrder): Promise<RunAnswer> {
    try {
      const { tasks, failures } = await this.client.send(new RunTaskCommand(this.requestOf(order)));
      const task = tasks?.[0]?.taskArn;
      if (task !== undefined) return { kind: 'started', task };
      const [failure] = failures ?? [];
      const reason = [failure?.reason, failure?.detail].filter((part) => part !== undefined).join(': ');
      return { kind: 'refused', reason: reason || 'RunTask started nothing' };
    } catch (error) {
      return answerOf(error);
    }
  }

  /** Ends a task: SIGTERM, then SIGKILL after the stop timeout of its definition. A task that is gone stays gone. */
  async stop(task: string, reason: string): Promise<void> {
    try {
      await this.client.send(
        new StopTaskCommand({ cluster: this.cluster, task, reason: reason.slice(0, LONGEST_REASON) }),
      );
    } catch (error) {
      if (!(error instanceof ECSServiceException) || !GONE.has(error.name)) throw error;
    }
  }

  private requestOf(order: RunOrder): ConstructorParameters<typeof RunTaskCommand>[0] {
    return {
      cluster: this.cluster,
      taskDefinition: order.taskDefinition,
      count: 1,
      // Else the cluster's default capacity providers would choose a machine.
      launchType: 'EC2',
      clientToken: order.clientToken,
      startedBy: order.runner,
      placementConstraints: [{ type: 'memberOf', expression: `ec2InstanceId == ${order.machine}` }],
      overrides: {
        containerOverrides: [
          // fal's name for the id of a runner.
          { name: CONTAINER.app, environment: [{ name: 'FAL_JOB_ID', value: order.runner }] },
          {
            name: CONTAINER.agent,
            environment: [
              { name: VARIABLE.runner, value: order.runner },
              { name: VARIABLE.revision, value: order.revision },
            ],
          },
        ],
      },
      tags: [
        { key: TAG.platform, value: this.platform },
        { key: TAG.app, value: order.app },
      ],
    };
  }

  private async listed(filter: { readonly startedBy?: string }): Promise<readonly string[]> {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.client.send(new ListTasksCommand({ cluster: this.cluster, ...filter, nextToken }));
      arns.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return arns;
  }

  private taskOf(task: Task): EcsTask {
    const ours = task.tags?.some(({ key, value }) => key === TAG.platform && value === this.platform) ?? false;
    return {
      arn: task.taskArn ?? '',
      ...(ours && task.startedBy !== undefined ? { runner: task.startedBy } : {}),
      ...(task.containerInstanceArn === undefined ? {} : { containerInstance: task.containerInstanceArn }),
      status: task.lastStatus ?? 'PROVISIONING',
      ofService: task.group?.startsWith('service:') ?? false,
      room: {
        gpus: (task.containers ?? []).reduce((sum, container) => sum + (container.gpuIds?.length ?? 0), 0),
        cpu: Number(task.cpu ?? 0),
        memoryMiB: Number(task.memory ?? 0),
      },
      ...(task.startedAt === undefined ? {} : { startedAt: task.startedAt.getTime() }),
      pulled: task.pullStoppedAt !== undefined,
      ...(task.stopCode === undefined ? {} : { stopCode: task.stopCode }),
      ...(task.stoppedReason === undefined ? {} : { stoppedReason: task.stoppedReason }),
      containers: (task.containers ?? []).map(containerOf),
    };
  }
}

/** Why a task ended, in words: what its containers say, else what ECS says. */
export function exitReasonOf(task: EcsTask): string {
  const containers = task.containers.flatMap(({ name, exitCode, reason }) => {
    if (reason !== undefined) return [`container ${name}: ${reason}`];
    return exitCode === undefined || exitCode === 0 ? [] : [`container ${name} exited with code ${exitCode}`];
  });
  const asked = task.stopCode === 'EssentialContainerExited' ? [] : [task.stoppedReason ?? ''];
  const reasons = [...new Set([...asked, ...containers])].filter((reason) => reason !== '');
  return reasons.length === 0 ? (task.stoppedReason ?? 'its containers exited') : reasons.join('; ');
}

/** True where containers could not be started for reasons that lie with the machine, and not with image or command. */
export function blamesMachine(task: EcsTask): boolean {
  if (task.startedAt !== undefined || task.stopCode !== 'TaskFailedToStart') return false;
  const why = exitReasonOf(task);
  return MACHINE_FAULTS.test(why) && !APP_FAULTS.test(why);
}

/** Words of the ECS agent and of the NVIDIA runtime; which of them a broken GPU causes was not seen on AWS. */
const MACHINE_FAULTS =
  /CannotStartContainer|CannotCreateContainer|ContainerRuntime|DockerTimeout|no space left|nvidia|NVML|CDI/i;
const APP_FAULTS = /executable file not found|no such file|permission denied|exec format|exec:/i;

const GONE: ReadonlySet<string> = new Set(['InvalidParameterException', 'TaskNotFoundException']);

/** `StopTask` takes no longer reason. */
const LONGEST_REASON = 1_000;

function answerOf(error: unknown): RunAnswer {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // The token was used with other parameters: its task is the one that runs. Without its ARN a listing will tell.
  if (error instanceof ConflictException) {
    const [task] = error.resourceIds ?? [];
    return task === undefined ? { kind: 'unanswered', reason } : { kind: 'started', task };
  }
  if (!(error instanceof ECSServiceException) || error.$fault === 'server' || THROTTLED.test(error.name))
    return { kind: 'unanswered', reason };
  return { kind: 'invalid', reason };
}

const THROTTLED = /Throttling|LimitExceeded|RequestLimit/;

function containerOf(container: Container): EcsTask['containers'][number] {
  return {
    name: container.name ?? '',
    ...(container.exitCode === undefined ? {} : { exitCode: container.exitCode }),
    ...(container.reason === undefined ? {} : { reason: container.reason }),
  };
}
