/** An app under load whose revisions start or fail as told: real controller and queue, agents played in steps of a clock. */
import { AppChanges } from '../../runtime/apps/app-changes';
import type { AppSpec } from '../../runtime/domain/app-spec';
import {
  heartbeat,
  ready,
  startProgressed,
  starting,
  terminated,
  type RunnerRecord,
} from '../../runtime/domain/runner';
import { ControlledPlatform } from './controlled-platform';
import { APP, appSpec } from './records';

export const STEP_MS = 5_000;

/** Steps a runner takes to start, or to fail. */
const START_STEPS = 4;

interface Work {
  readonly request: string;
  readonly runner: string;
  readonly attempt: number;
  stepsLeft: number;
}

interface DeployedAs {
  readonly broken?: boolean;
  readonly strategy?: 'rolling' | 'recreate';
}

export class Rollout {
  readonly platform = new ControlledPlatform();
  readonly submitted: string[] = [];
  /** READY runners and the floor after each step. */
  readonly steps: { readonly ready: number; readonly target: number }[] = [];
  private readonly changes = new AppChanges(this.platform.apps, this.platform.clock);
  private readonly broken = new Set<string>();
  private work: Work[] = [];
  private readonly drainedAt = new Map<string, number>();

  async deploy(
    revision: string,
    spec: Partial<AppSpec>,
    { broken = false, strategy = 'rolling' }: DeployedAs = {},
  ): Promise<void> {
    if (broken) this.broken.add(revision);
    await this.changes.deploy({ id: APP, revision, spec: appSpec(spec), strategy });
  }

  async submit(count: number): Promise<void> {
    for (let n = 0; n < count; n++) this.submitted.push(await this.platform.submit());
  }

  /** One look of everybody: controller, agents, processes. */
  async step(): Promise<void> {
    const { platform } = this;
    platform.clock.advance(STEP_MS);
    await platform.controller.tick();
    for (const runner of await platform.registry.list(APP)) await this.live(runner);
    const runners = await platform.registry.list(APP);
    this.steps.push({
      ready: runners.filter(ready).length,
      target: Math.max(...(await this.floors(runners))),
    });
  }

  async crash(runner: RunnerRecord): Promise<void> {
    this.work = this.work.filter((work) => work.runner !== runner.id);
    await this.leave(runner, 'crashed', 'killed by signal 9');
  }

  async readyRunners(revision: string): Promise<readonly RunnerRecord[]> {
    return (await this.platform.registry.list(APP)).filter((runner) => runner.revision === revision && ready(runner));
  }

  /** Requests with an answer. */
  async answered(): Promise<readonly string[]> {
    const heads = await Promise.all(this.submitted.map((id) => this.platform.requests.get(id)));
    return heads.flatMap((head) => (head?.outcome?.status === 200 ? [head.id] : []));
  }

  /** Longest time a runner took to leave after it was asked to, ms. */
  get longestDrain(): number {
    return Math.max(0, ...this.drainTimes);
  }

  private readonly drainTimes: number[] = [];

  private async floors(runners: readonly RunnerRecord[]): Promise<number[]> {
    const revisions = [...new Set(runners.map(({ revision }) => revision))];
    const sets = await Promise.all(revisions.map((revision) => this.platform.registry.readySet(APP, revision)));
    return [0, ...sets.map(({ floor }) => floor)];
  }

  private async live(runner: RunnerRecord): Promise<void> {
    if (runner.state === 'TERMINATING') return this.leave(runner, 'stopped', 'stopped');
    if (starting(runner)) return this.start(runner);
    await this.serve(runner);
  }

  private async start(runner: RunnerRecord): Promise<void> {
    const { registry, clock } = this.platform;
    if (runner.drain !== undefined) return this.leave(runner, 'drained', 'it was not ready yet');
    if (runner.state === 'PENDING') {
      const next = startProgressed(runner, 'SETUP', clock.now());
      if (next !== undefined) await registry.replace(next);
    } else if (clock.now() - runner.createdAt >= START_STEPS * STEP_MS) {
      if (this.broken.has(runner.revision)) await this.leave(runner, 'startup_failed', 'setup() raised');
      else await this.platform.becomeReady(runner);
    }
  }

  private async serve(runner: RunnerRecord): Promise<void> {
    const { registry, queue, clock } = this.platform;
    for (const work of this.work.filter((item) => item.runner === runner.id)) {
      await queue.heartbeat(work.request, work);
      if (--work.stepsLeft <= 0) await this.finish(work);
    }
    const inFlight = this.work.filter((item) => item.runner === runner.id).length;
    if (runner.drain !== undefined) {
      if (!this.drainedAt.has(runner.id)) this.drainedAt.set(runner.id, clock.now());
      if (inFlight === 0) return this.leave(runner, 'drained', runner.drain.reason);
    } else if (inFlight === 0) await this.claim(runner);
    const busy = this.work.filter((item) => item.runner === runner.id).length;
    const current = await registry.get(runner.id);
    const next = current && heartbeat(current, { inFlight: busy, served: 1 }, clock.now());
    if (next !== undefined) await registry.replace(next);
  }

  private async claim(runner: RunnerRecord): Promise<void> {
    const head = await this.platform.queue.claim(APP, runner.id);
    if (head !== undefined) {
      this.work.push({ request: head.id, runner: runner.id, attempt: head.attempt, stepsLeft: 2 });
    }
  }

  private async finish(work: Work): Promise<void> {
    await this.platform.queue.complete(work.request, work, { status: 200 });
    this.work = this.work.filter((item) => item !== work);
  }

  private async leave(
    runner: RunnerRecord,
    exit: 'startup_failed' | 'drained' | 'stopped' | 'crashed',
    reason: string,
  ): Promise<void> {
    const { registry, fleet, clock } = this.platform;
    const asked = this.drainedAt.get(runner.id);
    if (asked !== undefined) this.drainTimes.push(clock.now() - asked);
    await registry.leaveReady(runner.app, runner.revision, runner.id);
    const current = await registry.get(runner.id);
    const next = current && terminated(current, exit, reason, clock.now());
    if (next !== undefined) await registry.replace(next);
    fleet.end(runner.id, reason);
  }
}
