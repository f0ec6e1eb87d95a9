/** Pools as Auto Scaling groups: what is in them, getting a machine, ending one. */
import {
  AutoScalingServiceException,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
  LaunchInstancesCommand,
  SetDesiredCapacityCommand,
  SuspendProcessesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  type AutoScalingClient,
  type AutoScalingGroup,
  type LaunchInstancesCommandOutput,
} from '@aws-sdk/client-auto-scaling';
import { ANY_ZONE, type Refusal } from '../domain/capacity-cool-down';
import type { PoolDeployment } from '../domain/deployment';
import { codeIn, kindOf } from './capacity-codes';

export interface PoolGroup {
  readonly zones: readonly string[];
  readonly desired: number;
  /** Instances in service or on their way there; neither those that end nor those in a warm pool. */
  readonly instances: readonly PoolInstance[];
  /** Ids of instances that end. */
  readonly ending: readonly string[];
  /** Whether the group ends machines of its own accord to have as many in each zone. */
  readonly rebalances: boolean;
}

export interface PoolInstance {
  readonly id: string;
  readonly zone: string;
}

/** `unanswered`: nobody knows whether it launched; the same call with the same token tells. */
export type LaunchAnswer =
  | { readonly kind: 'launched'; readonly instances: readonly PoolInstance[]; readonly refusals: readonly Refusal[] }
  | { readonly kind: 'unanswered'; readonly reason: string };

/** `DescribeAutoScalingGroups` takes no more names at once. */
const DESCRIBED_AT_ONCE = 50;

export class MachineGroups {
  constructor(private readonly client: Pick<AutoScalingClient, 'send'>) {}

  /** By the name of the group. A group that does not exist is absent. */
  async describe(names: readonly string[]): Promise<ReadonlyMap<string, PoolGroup>> {
    const groups = new Map<string, PoolGroup>();
    for (let first = 0; first < names.length; first += DESCRIBED_AT_ONCE) {
      const page = await this.client.send(
        new DescribeAutoScalingGroupsCommand({
          AutoScalingGroupNames: names.slice(first, first + DESCRIBED_AT_ONCE),
          MaxRecords: DESCRIBED_AT_ONCE,
        }),
      );
      for (const group of page.AutoScalingGroups ?? []) groups.set(group.AutoScalingGroupName ?? '', groupOf(group));
    }
    return groups;
  }

  /** Launches machines in one zone and says at once which came and why others did not. */
  async launch(pool: PoolDeployment, zone: string, count: number, token: string): Promise<LaunchAnswer> {
    try {
      const answer = await this.client.send(
        new LaunchInstancesCommand({
          AutoScalingGroupName: pool.autoScalingGroup,
          RequestedCapacity: count,
          AvailabilityZones: [zone],
          ClientToken: token,
          // What could not be had is tried elsewhere by the fleet, not again by the group.
          RetryStrategy: 'none',
        }),
      );
      return { kind: 'launched', ...outcomeOf(pool, zone, count, answer) };
    } catch (error) {
      return answerOf(pool, zone, error);
    }
  }

  async setDesired(group: string, desired: number): Promise<void> {
    await this.client.send(
      new SetDesiredCapacityCommand({ AutoScalingGroupName: group, DesiredCapacity: desired, HonorCooldown: false }),
    );
  }

  /** Keeps the group from ending machines for the sake of its zones: runners may be on them. A template can't say so. */
  async suspendRebalancing(group: string): Promise<void> {
    await this.client.send(
      new SuspendProcessesCommand({ AutoScalingGroupName: group, ScalingProcesses: [REBALANCING] }),
    );
  }

  /** Why the group failed to start instances since then; `undefined` when it did not fail. */
  async failureSince(pool: PoolDeployment, since: number): Promise<Refusal | undefined> {
    const { Activities } = await this.client.send(
      new DescribeScalingActivitiesCommand({ AutoScalingGroupName: pool.autoScalingGroup, MaxRecords: 20 }),
    );
    const failed = Activities?.find(
      (activity) => activity.StatusCode === 'Failed' && (activity.StartTime?.getTime() ?? 0) >= since,
    );
    const message = failed?.StatusMessage ?? 'the launch failed';
    return failed === undefined ? undefined : refusalOf(pool, ANY_ZONE, codeIn(message) || message);
  }

  /** Ends a machine, and lowers what its group wants by one. A machine that is gone stays gone. */
  async terminate(instance: string): Promise<void> {
    try {
      await this.client.send(
        new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: instance, ShouldDecrementDesiredCapacity: true }),
      );
    } catch (error) {
      const gone = error instanceof AutoScalingServiceException && /not found|no such/i.test(error.message);
      if (!gone) throw error;
    }
  }
}

const REBALANCING = 'AZRebalance';

function groupOf(group: AutoScalingGroup): PoolGroup {
  const instances: PoolInstance[] = [];
  const ending: string[] = [];
  for (const { InstanceId: id, AvailabilityZone: zone, LifecycleState: state } of group.Instances ?? []) {
    if (id === undefined || state?.startsWith('Warmed:')) continue;
    if (state?.startsWith('Terminat')) ending.push(id);
    else instances.push({ id, zone: zone ?? '' });
  }
  const rebalances = !group.SuspendedProcesses?.some(({ ProcessName: name }) => name === REBALANCING);
  return { zones: group.AvailabilityZones ?? [], desired: group.DesiredCapacity ?? 0, instances, ending, rebalances };
}

function outcomeOf(
  pool: PoolDeployment,
  zone: string,
  count: number,
  answer: LaunchInstancesCommandOutput,
): { readonly instances: readonly PoolInstance[]; readonly refusals: readonly Refusal[] } {
  const instances = (answer.Instances ?? []).flatMap((group) =>
    (group.InstanceIds ?? []).map((id) => ({ id, zone: group.AvailabilityZone ?? zone })),
  );
  const codes = (answer.Errors ?? []).map((error) => error.ErrorCode ?? 'UnknownError');
  if (codes.length === 0 && instances.length < count) codes.push('UnfulfillableCapacity');
  return { instances, refusals: [...new Set(codes)].map((code) => refusalOf(pool, zone, code)) };
}

function refusalOf(pool: PoolDeployment, zone: string, code: string): Refusal {
  const kind = kindOf(code);
  const { instanceType, market } = pool;
  return { instanceType, market, zone: kind === 'capacity' ? zone : ANY_ZONE, kind, code };
}

/** A call that AWS refused as such launched nothing; one that failed on the way may have. */
function answerOf(pool: PoolDeployment, zone: string, error: unknown): LaunchAnswer {
  if (error instanceof AutoScalingServiceException && error.$fault === 'client' && !REPEATED.test(error.name))
    return {
      kind: 'launched',
      instances: [],
      refusals: [refusalOf(pool, zone, codeIn(error.message) || inWords(error))],
    };
  return { kind: 'unanswered', reason: inWords(error) };
}

const REPEATED = /Throttling|RequestLimit|IdempotentCallInProgress|ResourceContention/;

function inWords(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
