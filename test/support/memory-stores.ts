/** The other ports in memory, and a clock that moves only when told. See also `memory-request-store.ts`. */
import type { AppRecord, Decision } from '../../runtime/domain/app';
import { alive, type RunnerRecord } from '../../runtime/domain/runner';
import type { AppStore, Clock, Doorbell, Fleet, FleetRunner, RunnerRegistry, SecretStore } from '../../runtime/ports';
import { waitUntil } from './waiters';

export { MemoryRequestStore } from './memory-request-store';

export class ManualClock implements Clock {
  constructor(private at = 1_700_000_000_000) {}

  now(): number {
    return this.at;
  }

  advance(ms: number): void {
    this.at += ms;
  }
}

export class MemoryDoorbell implements Doorbell {
  private readonly tokens = new Map<string, number>();
  private readonly waiters = new Map<string, Set<() => void>>();

  async ring(app: string, times = 1): Promise<void> {
    for (let rung = 0; rung < times; rung++) {
      const latest = [...(this.waiters.get(app) ?? [])].at(-1);
      if (latest === undefined) this.tokens.set(app, this.rung(app) + 1);
      else latest();
    }
  }

  async wait(app: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const tokens = this.rung(app);
    if (tokens > 0) {
      this.tokens.set(app, tokens - 1);
      return true;
    }
    const waiters = this.waiters.get(app) ?? new Set();
    this.waiters.set(app, waiters);
    return waitUntil(waiters, timeoutMs, signal);
  }

  /** Rings that nobody has heard yet. */
  rung(app: string): number {
    return this.tokens.get(app) ?? 0;
  }
}

export class MemoryRunnerRegistry implements RunnerRegistry {
  private readonly runners = new Map<string, RunnerRecord>();
  private readonly sets = new Map<string, { floor: number; runners: Set<string> }>();

  async create(runner: RunnerRecord): Promise<boolean> {
    if (this.runners.has(runner.id)) return false;
    this.runners.set(runner.id, runner);
    return true;
  }

  async get(id: string): Promise<RunnerRecord | undefined> {
    return this.runners.get(id);
  }

  async replace(next: RunnerRecord): Promise<boolean> {
    if (this.runners.get(next.id)?.version !== next.version - 1) return false;
    this.runners.set(next.id, next);
    return true;
  }

  async list(app: string, terminatedSince = Infinity): Promise<readonly RunnerRecord[]> {
    const wanted = (runner: RunnerRecord): boolean => alive(runner) || runner.stateSince >= terminatedSince;
    return [...this.runners.values()].filter((runner) => runner.app === app && wanted(runner));
  }

  async joinReady(app: string, revision: string, runner: string): Promise<void> {
    this.set(app, revision).runners.add(runner);
  }

  async leaveReady(app: string, revision: string, runner: string): Promise<void> {
    this.set(app, revision).runners.delete(runner);
  }

  async retire(app: string, revision: string, runner: string): Promise<boolean> {
    const { floor, runners } = this.set(app, revision);
    if (runners.has(runner) && runners.size <= floor) return false;
    runners.delete(runner);
    return true;
  }

  async setFloor(app: string, revision: string, floor: number): Promise<void> {
    this.set(app, revision).floor = floor;
  }

  async readySet(app: string, revision: string): Promise<{ floor: number; runners: readonly string[] }> {
    const { floor, runners } = this.set(app, revision);
    return { floor, runners: [...runners] };
  }

  private set(app: string, revision: string): { floor: number; runners: Set<string> } {
    const key = JSON.stringify([app, revision]);
    const set = this.sets.get(key) ?? { floor: 0, runners: new Set<string>() };
    this.sets.set(key, set);
    return set;
  }
}

/** A fleet that launches at once; a test ends runners with `end`. */
export class MemoryFleet implements Fleet {
  private readonly runners = new Map<string, FleetRunner>();
  /** Every id that was launched or stopped, in order. */
  readonly calls: string[] = [];

  async launch(runner: RunnerRecord): Promise<void> {
    this.calls.push(`launch ${runner.id}`);
    if (!this.runners.has(runner.id)) this.runners.set(runner.id, { id: runner.id, running: true });
  }

  async stop(runner: string): Promise<void> {
    this.calls.push(`stop ${runner}`);
    if (this.runners.get(runner)?.running) this.end(runner, 'killed');
  }

  async list(): Promise<readonly FleetRunner[]> {
    return [...this.runners.values()];
  }

  end(id: string, exitReason: string): void {
    this.runners.set(id, { id, running: false, exitReason });
  }

  /** As if the fleet no longer remembered the runner. */
  forget(id: string): void {
    this.runners.delete(id);
  }
}

export class MemoryAppStore implements AppStore {
  private readonly apps = new Map<string, AppRecord>();
  private readonly taken: Decision[] = [];

  async put(app: AppRecord): Promise<void> {
    this.apps.set(app.id, app);
  }

  async replace(read: AppRecord, next: AppRecord): Promise<boolean> {
    if (JSON.stringify(this.apps.get(read.id)) !== JSON.stringify(read)) return false;
    this.apps.set(next.id, next);
    return true;
  }

  async get(id: string): Promise<AppRecord | undefined> {
    return this.apps.get(id);
  }

  async list(): Promise<readonly AppRecord[]> {
    return [...this.apps.values()];
  }

  async remove(id: string): Promise<void> {
    this.apps.delete(id);
  }

  async recordDecision(decision: Decision): Promise<void> {
    this.taken.unshift(decision);
  }

  async decisions(app: string, limit: number): Promise<readonly Decision[]> {
    return this.taken.filter((decision) => decision.app === app).slice(0, limit);
  }
}

export class MemorySecretStore implements SecretStore {
  private readonly values = new Map<string, string>();

  async get(name: string): Promise<string | undefined> {
    return this.values.get(name);
  }

  async set(name: string, value: string): Promise<void> {
    this.values.set(name, value);
  }

  async setIfAbsent(name: string, value: string): Promise<string> {
    const stored = this.values.get(name) ?? value;
    this.values.set(name, stored);
    return stored;
  }

  async names(): Promise<readonly string[]> {
    return [...this.values.keys()];
  }

  async remove(name: string): Promise<boolean> {
    return this.values.delete(name);
  }
}
