/** The shape of RunPod and Modal: a size that is launched for, and runners that leave when idle for a time. */
import type { RunnerRecord } from '../../runtime/domain/runner';
import type { ScalingAction } from '../../runtime/domain/scaling';
import type { AppProfile, AppScaler, AppView } from '../policy';
import { capacity, floor, launch } from './fleet';

export interface IdleTimerRule {
  readonly idleMs: number;
  /** Runners wanted at least, by what the app does now; more than that leave when idle. */
  readonly kept: (view: AppView, profile: AppProfile) => number;
  /** Runners wanted; those missing are launched. */
  readonly desired: (view: AppView, profile: AppProfile) => number;
  /** When `desired` may grow although nothing happens. */
  readonly nextLook?: (view: AppView) => number;
}

export class IdleTimerScaler implements AppScaler {
  constructor(
    private readonly profile: AppProfile,
    private readonly rule: IdleTimerRule,
  ) {}

  look(view: AppView): readonly ScalingAction[] {
    const { max_concurrency: max } = this.profile.spec;
    const kept = Math.min(max, this.rule.kept(view, this.profile));
    const desired = Math.min(max, Math.max(kept, this.rule.desired(view, this.profile)));
    const missing = desired - capacity(view).length;
    return [...(missing > 0 ? [launch(missing)] : []), ...(view.floor === kept ? [] : [floor(kept)])];
  }

  nextLook(view: AppView): number {
    return this.rule.nextLook?.(view) ?? Infinity;
  }

  retireAt(runner: RunnerRecord): number | undefined {
    if (runner.idleSince === undefined || runner.inFlight > 0) return undefined;
    return runner.idleSince + this.rule.idleMs;
  }
}
