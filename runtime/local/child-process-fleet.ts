import type { AppRecord } from '../domain/app';
import type { RunnerRecord } from '../domain/runner';
import type { Fleet, FleetRunner } from '../ports';
import type { AppProcess, LaunchPlan } from './app-process';
import type { Database } from './database';
import type { GpuInventory } from './gpu-inventory';
import { LocalRunner } from './local-runner';
import { ProcessRecords } from './process-records';

export type { LaunchPlan } from './app-process';

export interface ChildProcessFleetOptions {
  readonly database: Database;
  readonly gpus: GpuInventory;
  /** Prepares what a runner needs and says how to start it. The signal is aborted when the runner is stopped meanwhile. */
  readonly plan: (runner: RunnerRecord, app: AppRecord, signal: AbortSignal) => Promise<LaunchPlan>;
  /** Puts an agent beside a process that was just started. When this fails, the process is ended. */
  readonly attach: (runner: RunnerRecord, app: AppRecord, process: AppProcess) => Promise<void> | void;
  /** A line about a runner for whoever watches the platform. */
  readonly report: (runner: RunnerRecord, text: string) => void;
  /** What a starting runner waits for, for its record: "a free GPU: 0 of 1 free". */
  readonly waitingFor?: (runner: RunnerRecord, what: string) => void;
}

/** Ended runners that `list` still shows. */
const ENDED_KEPT = 1_000;

/** Runners as child processes of this one. None of them outlives it (see `process-guard`). */
export class ChildProcessFleet implements Fleet {
  private readonly runners = new Map<string, LocalRunner>();
  private readonly records: ProcessRecords;
  private readonly leftoversKilled: Promise<void>;
  private closing = false;
  private readonly toldAboutCpu = new Set<string>();

  constructor(private readonly options: ChildProcessFleetOptions) {
    this.records = new ProcessRecords(options.database);
    this.leftoversKilled = this.records.killLeftovers();
    this.leftoversKilled.catch(() => undefined);
  }

  async launch(runner: RunnerRecord, app: AppRecord): Promise<void> {
    if (this.runners.has(runner.id)) return;
    const launched = new LocalRunner(runner, app, {
      ...this.options,
      records: this.records,
      ready: this.leftoversKilled,
      runsOnCpu: () => {
        this.tellAboutCpu(runner);
      },
    });
    this.runners.set(runner.id, launched);
    if (this.closing) launched.stop(0);
    this.forgetLongEnded();
  }

  /** Returns at once; the runner has ended when `list` says so. */
  async stop(runner: string, graceMs: number): Promise<void> {
    this.runners.get(runner)?.stop(graceMs);
  }

  async list(): Promise<readonly FleetRunner[]> {
    return [...this.runners.values()].map((runner) => runner.description());
  }

  /** Stops every runner, also those still to be launched, and resolves when none is left. */
  async close(graceMs = 0): Promise<void> {
    this.closing = true;
    await this.leftoversKilled;
    await Promise.all(
      [...this.runners.values()].map((runner) => {
        runner.stop(graceMs);
        return runner.ended;
      }),
    );
  }

  private tellAboutCpu(runner: RunnerRecord): void {
    if (this.toldAboutCpu.has(runner.app)) return;
    this.toldAboutCpu.add(runner.app);
    this.options.report(runner, `${runner.app} asks for a GPU and this machine has none: it runs on the CPU`);
  }

  private forgetLongEnded(): void {
    const ended = [...this.runners].filter(([, runner]) => !runner.description().running);
    for (const [id] of ended.slice(0, -ENDED_KEPT)) this.runners.delete(id);
  }
}
