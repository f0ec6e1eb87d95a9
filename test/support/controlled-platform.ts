/** A controller over stores in memory, and what a test needs to play the agents' part. */
import { Controller, type ControllerDependencies } from '../../runtime/controller/controller';
import type { AppSpec } from '../../runtime/domain/app-spec';
import type { NewRequest } from '../../runtime/domain/request';
import { becameReady, terminated, type RunnerRecord } from '../../runtime/domain/runner';
import { RequestQueue } from '../../runtime/queue/request-queue';
import { MemoryLearningStore } from './memory-learning-store';
import {
  ManualClock,
  MemoryAppStore,
  MemoryDoorbell,
  MemoryFleet,
  MemoryRequestStore,
  MemoryRunnerRegistry,
} from './memory-stores';
import { APP, appSpec } from './records';

export class ControlledPlatform {
  readonly clock = new ManualClock();
  readonly apps = new MemoryAppStore();
  readonly requests = new MemoryRequestStore();
  readonly doorbell = new MemoryDoorbell();
  readonly fleet = new MemoryFleet();
  readonly learnings = new MemoryLearningStore();
  readonly errors: string[] = [];
  /** One line a decision, as a log would show it. */
  readonly reasons: string[] = [];
  readonly queue = new RequestQueue({ store: this.requests, doorbell: this.doorbell, clock: this.clock });
  readonly controller: Controller;
  private submissions = 0;

  constructor(
    readonly registry = new MemoryRunnerRegistry(),
    replaced: Partial<ControllerDependencies> = {},
  ) {
    this.controller = new Controller({
      apps: this.apps,
      requests: this.requests,
      queue: this.queue,
      registry: this.registry,
      fleet: this.fleet,
      learnings: this.learnings,
      clock: this.clock,
      webhooks: { deliverDue: () => Promise.resolve() },
      onDecision: ({ reason }) => this.reasons.push(reason),
      onError: (error, doing) => this.errors.push(`${doing}: ${String(error)}`),
      ...replaced,
    });
  }

  async deploy(spec: Partial<AppSpec> = {}, revision = 'r1', id = APP): Promise<void> {
    await this.apps.put({ id, spec: appSpec(spec), revision, deployedAt: this.clock.now() });
  }

  async submit(changes: Partial<NewRequest> = {}): Promise<string> {
    const id = `request-${String(this.submissions++).padStart(4, '0')}`;
    const request: NewRequest = {
      id,
      app: APP,
      path: '/',
      mode: 'queue',
      caller: '',
      priority: 'normal',
      submittedAt: this.clock.now(),
      retry: {},
      ...changes,
    };
    await this.queue.submit(request, { method: 'POST', target: '/', headers: {}, body: { bytes: new Uint8Array() } });
    return id;
  }

  async runners(app = APP): Promise<readonly RunnerRecord[]> {
    return this.registry.list(app, 0);
  }

  /** The only runner there is. */
  async onlyRunner(): Promise<RunnerRecord> {
    const [runner, ...others] = await this.registry.list(APP);
    if (runner === undefined || others.length > 0)
      throw new Error(`There are ${others.length + (runner ? 1 : 0)} runners`);
    return runner;
  }

  /** What an agent does when its app answers. */
  async becomeReady({ id }: Pick<RunnerRecord, 'id'>): Promise<void> {
    const ready = await this.move(id, (runner) => becameReady(runner, this.clock.now()));
    if (ready !== undefined) await this.registry.joinReady(ready.app, ready.revision, ready.id);
  }

  /** What an agent does when it has retired or its app failed. */
  async leave({ id }: Pick<RunnerRecord, 'id'>, exit: 'retired' | 'startup_failed', reason: string): Promise<void> {
    await this.move(id, (runner) => terminated(runner, exit, reason, this.clock.now()));
    this.fleet.end(id, reason);
  }

  private async move(
    id: string,
    move: (runner: RunnerRecord) => RunnerRecord | undefined,
  ): Promise<RunnerRecord | undefined> {
    const runner = await this.registry.get(id);
    const next = runner && move(runner);
    if (next !== undefined && !(await this.registry.replace(next))) throw new Error(`Runner ${id} changed meanwhile`);
    return next;
  }
}
