/** What wakes the controller: messages of its queue, a rule that fires every minute, changes that AWS reports. */
import type { ResourceNames } from '../runtime/aws-layout';
import type { ControlMessage } from '../runtime/aws-messages';
import type { MachineNotice } from '../runtime/aws/ecs-fleet';

export type WakeUp =
  /** Look after everything; `everyMinute` for the rule. */
  | { readonly kind: 'tick'; readonly everyMinute: boolean }
  /** Look after one app. */
  | { readonly kind: 'poke'; readonly app: string }
  /** EC2 is about to take a machine away. */
  | { readonly kind: 'notice'; readonly instance: string; readonly notice: MachineNotice };

/** Reads an event of Lambda. What nobody knows is a tick: to look once more than needed does no harm. */
export function wakeUpsOf(event: unknown, names: ResourceNames): readonly WakeUp[] {
  if (!isObject(event)) return [TICK];
  if (Array.isArray(event.Records)) return event.Records.map(wakeUpOfRecord);
  switch (event['detail-type']) {
    case 'Scheduled Event':
      return [{ kind: 'tick', everyMinute: true }];
    case 'ECS Task State Change':
      return [taskChanged(event.detail, names)];
    case 'EC2 Spot Instance Interruption Warning':
      return [machineNotice(event.detail, 'spot-interruption')];
    case 'EC2 Instance Rebalance Recommendation':
      return [machineNotice(event.detail, 'rebalance-recommendation')];
    default:
      return [TICK];
  }
}

const TICK: WakeUp = { kind: 'tick', everyMinute: false };

function wakeUpOfRecord(record: unknown): WakeUp {
  const message = isObject(record) && typeof record.body === 'string' ? parsed(record.body) : undefined;
  const { kind, app } = (message ?? {}) as Partial<Extract<ControlMessage, { kind: 'poke' }>>;
  return kind === 'poke' && typeof app === 'string' && app !== '' ? { kind, app } : TICK;
}

/** The family of a task's definition names its app. */
function taskChanged(detail: unknown, names: ResourceNames): WakeUp {
  const arn = isObject(detail) ? detail.taskDefinitionArn : undefined;
  const family = typeof arn === 'string' ? /:task-definition\/([^:]+):\d+$/.exec(arn)?.[1] : undefined;
  const prefix = names.taskFamily('');
  if (!family?.startsWith(prefix)) return TICK;
  return { kind: 'poke', app: `${names.platform}/${family.slice(prefix.length)}` };
}

function machineNotice(detail: unknown, notice: MachineNotice): WakeUp {
  const instance = isObject(detail) ? detail['instance-id'] : undefined;
  return typeof instance === 'string' ? { kind: 'notice', instance, notice } : TICK;
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
