import type { AppRecord } from '../domain/app';
import type { RunnerRecord } from '../domain/runner';
import type { FleetRunner } from '../ports';
import { AppProcess, type LaunchPlan } from './app-process';
import type { ChildProcessFleetOptions } from './child-process-fleet';
import { gpusNeeded } from './gpu-inventory';
import type { ProcessRecords } from './process-records';

export interface LocalRunnerOptions extends ChildProcessFleetOptions {
  readonly records: ProcessRecords;
  /** Nothing starts before this. */
  readonly ready: Promise<void>;
  /** Called when the app asks for a GPU on a machine that has none. */
  readonly runsOnCpu: () => void;
}

/** The life of one runner on this machine: plan, GPUs, process, agent, end. */
export class LocalRunner {
  /** Resolves with why it ended. */
  readonly ended: Promise<string>;

  private readonly stopping = new AbortController();
  private process: AppProcess | undefined;
  private exitReason: string | undefined;

  constructor(
    private readonly runner: RunnerRecord,
    private readonly app: AppRecord,
    private readonly options: LocalRunnerOptions,
  ) {
    this.ended = this.live()
      .catch((error: unknown) => inWords(error))
      .then((reason) => (this.exitReason = this.stopping.signal.aborted ? STOPPED : reason));
  }

  description(): FleetRunner {
    const { id } = this.runner;
    return this.exitReason === undefined ? { id, running: true } : { id, running: false, exitReason: this.exitReason };
  }

  stop(graceMs: number): void {
    this.stopping.abort(new Error(STOPPED));
    void this.process?.terminate(graceMs);
  }

  private async live(): Promise<string> {
    const { gpus, ready } = this.options;
    await ready;
    const plan = await this.unlessStopped(this.plan());
    try {
      return await this.run({ ...plan, env: { ...plan.env, CUDA_VISIBLE_DEVICES: await this.leaseGpus() } });
    } finally {
      gpus.release(this.runner.id);
    }
  }

  private async plan(): Promise<LaunchPlan> {
    return this.options.plan(this.runner, this.app, this.stopping.signal);
  }

  /** The value of `CUDA_VISIBLE_DEVICES`; empty hides every GPU. */
  private async leaseGpus(): Promise<string> {
    const { gpus, report, waitingFor, runsOnCpu } = this.options;
    const count = gpusNeeded(this.app.spec);
    if (count === 0) return '';
    if (gpus.gpus.length === 0) {
      runsOnCpu();
      return '';
    }
    const waiting = (what: string): void => {
      report(this.runner, `waits for ${what}`);
      waitingFor?.(this.runner, what);
    };
    const leased = await gpus.lease(this.runner.id, count, waiting, this.stopping.signal);
    return leased.map(({ uuid }) => uuid).join(',');
  }

  private async run(plan: LaunchPlan): Promise<string> {
    const { records, attach } = this.options;
    this.stopping.signal.throwIfAborted();
    const process = AppProcess.start(plan);
    this.process = process;
    const recorded = process.group === undefined ? Promise.resolve() : records.add(process.group, this.runner.id);
    let attachFailure: string | undefined;
    recorded
      .then(() => attach(this.runner, this.app, process))
      .catch((error: unknown) => {
        attachFailure = inWords(error);
        return process.terminate(0);
      });
    const { reason, failure } = await process.exited;
    await recorded.catch(() => undefined);
    if (process.group !== undefined) await records.remove(process.group);
    return attachFailure ?? failure ?? reason;
  }

  private async unlessStopped<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.stopping;
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
      if (signal.aborted) reject(signal.reason as Error);
    });
    return Promise.race([work, stopped]);
  }
}

const STOPPED = 'stopped';

function inWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
