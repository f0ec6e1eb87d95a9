/**
 * The controller in turns: each invocation does what woke it, unless another one is at it, which then does that as well.
 */
import { change } from '../runtime/controller/act';
import type { Controller } from '../runtime/controller/controller';
import { EVERYTHING, type ControllerLease, type HeldLease } from '../runtime/aws/controller-lease';
import type { EcsFleet } from '../runtime/aws/ecs-fleet';
import { askedToDrain } from '../runtime/domain/runner';
import type { AppStore, Clock, RequestStore, RunnerRegistry } from '../runtime/ports';
import type { WakeUp } from './wake-ups';

export interface ControllerTurnsOptions {
  readonly controller: Pick<Controller, 'tick' | 'poke' | 'resume'>;
  readonly lease: Pick<ControllerLease, 'take' | 'release' | 'abandon'>;
  /** Who takes the lease: the same for all invocations of a process. */
  readonly holder: string;
  readonly fleet: Pick<EcsFleet, 'drainMachine'>;
  readonly apps: AppStore;
  readonly requests: RequestStore;
  readonly registry: RunnerRegistry;
  readonly clock: Clock;
  /** Takes over what was deployed since. */
  readonly mirror: () => Promise<void>;
  /** Sends ticks with these delays, in seconds. */
  readonly layOutTicks: (delays: readonly number[]) => Promise<void>;
  readonly onError: (error: unknown, doing: string) => void;
}

/** While anything is alive the controller looks around this often, in seconds; else once a minute. */
export const TICK_SECONDS = 10;

/** No further pass begins in the last part of an invocation. */
const LAST_PASS_MS = 20_000;

/** EC2 takes a Spot machine two minutes after its warning; what is in progress then is handed back before. */
const SPOT_DRAIN_MS = 100_000;

export class ControllerTurns {
  constructor(private readonly options: ControllerTurnsOptions) {}

  /** Does what the wake-ups ask for, or leaves it to who is at it. `deadline` is when this invocation ends, ms since the epoch. */
  async wake(wakeUps: readonly WakeUp[], deadline: number): Promise<void> {
    const noticed = await this.heedNotices(wakeUps);
    const wanted = [...new Set([...wakeUps.flatMap(scopeOf), ...noticed])];
    if (wanted.length > 0) await this.takeTurn(wanted, deadline);
    if (wakeUps.some((wakeUp) => wakeUp.kind === 'tick' && wakeUp.everyMinute))
      await this.attempt('laying out the ticks of this minute', () => this.layOutTicks());
  }

  private async takeTurn(wanted: readonly string[], deadline: number): Promise<void> {
    const { lease, clock, controller, holder } = this.options;
    let held = await lease.take(deadline, wanted);
    if (held?.before !== undefined && held.before.holder !== holder) controller.resume(held.before.at);
    let scopes = [...wanted, ...(held?.wanted ?? [])];
    while (held !== undefined) {
      await this.passUnder(held, scopes);
      if (clock.now() + LAST_PASS_MS > deadline) return lease.abandon(held);
      held = await lease.release(held);
      scopes = [...(held?.wanted ?? [])];
    }
  }

  private async passUnder(held: HeldLease, scopes: readonly string[]): Promise<void> {
    try {
      await this.pass(scopes);
    } catch (error) {
      await this.options.lease.abandon(held, scopes);
      throw error;
    }
  }

  private async pass(scopes: readonly string[]): Promise<void> {
    const { controller, mirror } = this.options;
    if (!scopes.includes(EVERYTHING)) {
      await Promise.all(scopes.map((app) => controller.poke(app)));
      return;
    }
    await this.attempt('reading what is deployed', mirror);
    await controller.tick();
  }

  /** Runners on machines that are taken away drain at once, whoever is at it. Returns their apps. */
  private async heedNotices(wakeUps: readonly WakeUp[]): Promise<readonly string[]> {
    const apps = new Set<string>();
    for (const wakeUp of wakeUps) {
      if (wakeUp.kind !== 'notice') continue;
      await this.attempt(`draining the runners of machine ${wakeUp.instance}`, async () => {
        for (const app of await this.drainMachine(wakeUp)) apps.add(app);
      });
    }
    return [...apps];
  }

  private async drainMachine({ instance, notice }: Extract<WakeUp, { kind: 'notice' }>): Promise<readonly string[]> {
    const { fleet, registry, apps } = this.options;
    const drained: string[] = [];
    for (const id of await fleet.drainMachine(instance, notice)) {
      const runner = await registry.get(id);
      const app = runner && (await apps.get(runner.app));
      if (app === undefined) continue;
      const { request_timeout: longest, termination_grace_period_seconds: grace } = app.spec;
      const graceMs = notice === 'spot-interruption' ? SPOT_DRAIN_MS : (longest + grace) * 1000;
      await change(this.options, id, (record, now) => askedToDrain(record, NOTICE_REASON[notice], now, graceMs));
      drained.push(app.id);
    }
    return drained;
  }

  /** Only the rule does: a chain of Lambda and SQS would be stopped by AWS after 16 rounds. */
  private async layOutTicks(): Promise<void> {
    if (!(await this.somethingIsAlive())) return;
    const delays: number[] = [];
    for (let delay = TICK_SECONDS; delay < 60; delay += TICK_SECONDS) delays.push(delay);
    await this.options.layOutTicks(delays);
  }

  private async somethingIsAlive(): Promise<boolean> {
    const { apps, registry, requests, clock } = this.options;
    for (const { id } of await apps.list()) {
      if ((await registry.list(id)).length > 0) return true;
      const { waiting, inProgress } = await requests.backlog(id, clock.now());
      if (waiting + inProgress > 0) return true;
    }
    return false;
  }

  private async attempt(doing: string, step: () => Promise<unknown>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.options.onError(error, doing);
    }
  }
}

const NOTICE_REASON = {
  'spot-interruption': 'EC2 takes its Spot machine back in two minutes',
  'rebalance-recommendation': 'EC2 says that its Spot machine may soon be taken back',
} as const;

function scopeOf(wakeUp: WakeUp): readonly string[] {
  if (wakeUp.kind === 'notice') return [];
  return [wakeUp.kind === 'poke' ? wakeUp.app : EVERYTHING];
}
