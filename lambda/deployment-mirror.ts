/** Takes what the deployed templates say over into the apps' records, which gateway and agents read. */
import type { AppChanges } from '../runtime/apps/app-changes';
import { newDeployment, type Deployments, type SsmDeployments } from '../runtime/aws/deployments';
import type { PoolDeployment } from '../runtime/domain/deployment';
import type { AppStore, Clock, RunnerRegistry } from '../runtime/ports';

export interface DeploymentMirrorOptions {
  readonly deployments: Pick<SsmDeployments, 'read'>;
  readonly apps: AppStore;
  readonly changes: Pick<AppChanges, 'deploy' | 'close'>;
  readonly registry: Pick<RunnerRegistry, 'list'>;
  readonly clock: Clock;
  /** Told of each parameter that can't be used, in words. */
  readonly onProblem: (problem: string) => void;
}

/** How long an app must have been missing from what is deployed before it is removed: listings may be behind. */
export const MISSING_LIMIT_MS = 60_000;

/** How long a reading serves who only asks. */
const READ_KEPT_MS = 60_000;

export class DeploymentMirror {
  private last: { readonly at: number; readonly deployments: Promise<Deployments> } | undefined;
  private missingSince = new Map<string, number>();

  constructor(private readonly options: DeploymentMirrorOptions) {}

  /** Reads everything anew. Writes only what changed. */
  async apply(): Promise<void> {
    const { changes, onProblem } = this.options;
    const { apps, problems } = await this.read();
    for (const problem of problems) onProblem(problem);
    for (const app of apps) await changes.deploy(newDeployment(app));
    // A parameter that can't be read may be that of the app which seems to be missing.
    if (problems.length === 0) await this.removeMissing(new Set(apps.map(({ app }) => app)));
  }

  /** Pools as of the last reading. */
  async pools(): Promise<readonly PoolDeployment[]> {
    const { last } = this;
    const recent = last !== undefined && this.options.clock.now() - last.at < READ_KEPT_MS;
    return (await (recent ? last.deployments : this.read())).pools;
  }

  /** An app that is no longer deployed is closed, and forgotten when its last runner is gone. */
  private async removeMissing(deployed: ReadonlySet<string>): Promise<void> {
    const { apps, changes, registry, clock } = this.options;
    const before = this.missingSince;
    this.missingSince = new Map();
    for (const { id, closingSince } of await apps.list()) {
      if (deployed.has(id)) continue;
      const since = before.get(id) ?? clock.now();
      this.missingSince.set(id, since);
      if (clock.now() - since < MISSING_LIMIT_MS) continue;
      if (closingSince === undefined) await changes.close(id);
      else if ((await registry.list(id)).length === 0) await apps.remove(id);
    }
  }

  private async read(): Promise<Deployments> {
    const reading = { at: this.options.clock.now(), deployments: this.options.deployments.read() };
    this.last = reading;
    reading.deployments.catch(() => {
      if (this.last === reading) this.last = undefined;
    });
    return reading.deployments;
  }
}
