/** The runners of one machine: a process for each app runner, an agent beside it in this process. */
import { Agent, type AgentDependencies } from '../runtime/agent/agent';
import type { AppRecord } from '../runtime/domain/app';
import { startProgressed, type RunnerRecord } from '../runtime/domain/runner';
import { ChildProcessFleet } from '../runtime/local/child-process-fleet';
import { GpuInventory } from '../runtime/local/gpu-inventory';
import type { AppProcess } from '../runtime/local/app-process';
import type { RequestQueue } from '../runtime/queue/request-queue';
import { exposedSecrets } from './exposed-secrets';
import { RunnerSurroundings } from './runner-surroundings';
import { launchPlan, type LaunchSurroundings } from './launch-plan';
import type { PlatformReport } from './report';
import type { ServedApp } from './served-app';
import type { Stores } from './stores';

export interface RunnerProcessesOptions {
  readonly stores: Stores;
  readonly queue: RequestQueue;
  readonly served: ReadonlyMap<string, ServedApp>;
  readonly report: PlatformReport;
  readonly stateFolder: string;
  /** Known once the server listens, which is before anything is launched. */
  readonly surroundings: () => Promise<Omit<LaunchSurroundings, 'progress' | 'secrets'>>;
}

/** Cancellations and drains reach a runner within this. */
const HEARTBEAT_MS = 1_000;

export class RunnerProcesses {
  readonly fleet: ChildProcessFleet;
  readonly #kept: RunnerSurroundings;
  readonly #agents = new Map<string, { readonly agent: Agent; readonly ended: Promise<void> }>();

  private constructor(
    private readonly options: RunnerProcessesOptions,
    gpus: GpuInventory,
  ) {
    this.#kept = new RunnerSurroundings(options.stateFolder);
    this.fleet = new ChildProcessFleet({
      database: options.stores.database,
      gpus,
      plan: (runner, app) => this.plan(runner, app),
      attach: (runner, app, process) => {
        this.attach(runner, app, process);
      },
      waitingFor: (runner, what) => void this.progress(runner, what),
      report: (runner, text) => {
        options.report.progress(runner.app, text);
      },
    });
  }

  static async open(options: RunnerProcessesOptions): Promise<RunnerProcesses> {
    return new RunnerProcesses(options, await GpuInventory.detect());
  }

  /** Lets every runner finish what it works on within `graceMs`, hand back the rest and end. */
  async close(graceMs: number): Promise<void> {
    const agents = [...this.#agents.values()];
    await Promise.all(agents.map(({ agent }) => agent.drain('the platform stops', graceMs)));
    await Promise.all(agents.map(({ ended }) => ended));
    await this.fleet.close();
  }

  private async plan(runner: RunnerRecord, app: AppRecord): ReturnType<typeof launchPlan> {
    const served = this.options.served.get(app.id);
    if (served === undefined) throw new Error(`${app.id} is not served here`);
    const surroundings = await this.options.surroundings();
    const secrets = await this.secretsOf(app);
    const plan = await launchPlan(
      { ...surroundings, secrets, progress: (waiting, text) => this.progress(waiting, text) },
      served,
      runner,
    );
    this.#kept.keep(runner.id, plan.cwd, plan.env);
    return plan;
  }

  /** A secret that is missing is told; the variable may come from the environment of this process. */
  private async secretsOf({ id, spec }: AppRecord): Promise<Readonly<Record<string, string>>> {
    const { values, missing } = await exposedSecrets(this.options.stores.secrets, spec);
    for (const name of missing.filter((variable) => process.env[variable] === undefined)) {
      this.options.report.progress(id, `its secret ${name} is not set: sgpu secrets set ${name}=…`);
    }
    return values;
  }

  private async progress(runner: RunnerRecord, waitingFor: string): Promise<void> {
    const { runners, clock } = this.options.stores;
    const current = await runners.get(runner.id);
    const next = current && startProgressed(current, 'DOCKER_PULL', clock.now(), waitingFor);
    if (next !== undefined) await runners.replace(next);
  }

  private attach(runner: RunnerRecord, app: AppRecord, process: AppProcess): void {
    const agent = new Agent(this.agentDependencies(app), app, runner, process);
    const ended = agent.run().catch((error: unknown) => {
      this.options.report.failure(`running ${runner.id} of ${app.id}`, error);
    });
    this.#agents.set(runner.id, { agent, ended });
    void ended.then(() => {
      this.#agents.delete(runner.id);
      this.#kept.forget(runner.id);
    });
  }

  private agentDependencies(app: AppRecord): AgentDependencies {
    const { stores, queue, report } = this.options;
    return {
      ...stores,
      queue,
      heartbeatMs: HEARTBEAT_MS,
      onLine: (runner, line) => {
        const { level, message, requestId } = line;
        stores.logs.append(app.id, runner, {
          level,
          message,
          ...(requestId === undefined ? {} : { request: requestId }),
        });
        report.appLine(app.id, runner, line);
      },
      onFailure: (runner, error) => {
        report.failure(`the work of runner ${runner}`, error);
      },
    };
  }
}
