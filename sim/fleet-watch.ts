/** Counts the fleet of an app when it changed, and knows when it changes what `decide` does by nothing but time. */
import type { AppSpec } from '../runtime/domain/app-spec';
import { alive, ready, starting, UNUSED_MS, type RunnerRecord } from '../runtime/domain/runner';
import { PENDING_LIMIT_MS, PULL_LIMIT_MS, TERMINATION_LIMIT_MS } from '../runtime/domain/runner-deadline';
import { startBackOff } from '../runtime/domain/start-back-off';
import type { AppView } from './policy';

export class FleetWatch {
  /** Runners that serve or will. */
  capacity = 0;
  ready = 0;
  /** When a runner next passes a deadline, or a back-off ends. */
  deadline = Infinity;
  private version = -1;

  constructor(private readonly spec: AppSpec) {}

  see(view: AppView): void {
    if (view.fleetVersion === this.version && view.now < this.deadline) return;
    this.version = view.fleetVersion;
    this.capacity = 0;
    this.ready = 0;
    this.deadline = Infinity;
    let failed = false;
    for (const runner of view.runners) {
      if (ready(runner)) this.ready += 1;
      if (ready(runner) || (starting(runner) && runner.drain === undefined)) this.capacity += 1;
      if (alive(runner)) this.note(runnerDeadline(runner, this.spec, view.now), view.now);
      else failed ||= runner.readyAt === undefined;
    }
    if (!failed) return;
    this.note(startBackOff(view.runners).until, view.now);
    this.note(view.nextForgetting, view.now);
  }

  private note(at: number, now: number): void {
    if (at > now && at < this.deadline) this.deadline = at;
  }
}

/** When a runner next passes a deadline, or when a runner that waits for hardware may be given up; Infinity for never. */
function runnerDeadline(runner: RunnerRecord, spec: AppSpec, now: number): number {
  const drainAt = runner.drain === undefined || runner.drain.deadline <= now ? Infinity : runner.drain.deadline;
  return Math.min(drainAt, runner.stateSince + stateLimit(runner, spec, now));
}

function stateLimit(runner: RunnerRecord, spec: AppSpec, now: number): number {
  switch (runner.state) {
    case 'PENDING':
      return now < runner.stateSince + UNUSED_MS ? UNUSED_MS : PENDING_LIMIT_MS;
    case 'DOCKER_PULL':
      return PULL_LIMIT_MS;
    case 'SETUP':
      return spec.startup_timeout * 1000;
    case 'TERMINATING':
      return spec.termination_grace_period_seconds * 1000 + TERMINATION_LIMIT_MS;
    default:
      return Infinity;
  }
}
