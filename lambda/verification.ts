/** `verifyOnDeploy`: a deployment waits until a runner of its new revision was READY, and fails with it otherwise. */
import type { AppChanges } from '../runtime/apps/app-changes';
import type { AppRecord } from '../runtime/domain/app';
import { revisionOf } from '../runtime/aws/deployments';
import type { VerificationRequest } from '../runtime/aws-messages';
import { starting } from '../runtime/domain/runner';
import type { AppStore, Clock, RunnerRegistry } from '../runtime/ports';

export interface VerificationOptions {
  readonly apps: AppStore;
  readonly changes: Pick<AppChanges, 'verify'>;
  readonly registry: Pick<RunnerRegistry, 'list'>;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<unknown>;
}

const LOOK_MS = 5_000;

export class Verification {
  constructor(private readonly options: VerificationOptions) {}

  /**
   * Resolves once the revision is good. A revision that was deployed before is not verified again: CloudFormation goes
   * back to it when a deployment failed, and that must not fail, too. Throws when its start failed, or the time is up.
   */
  async verify({ app, taskDefinition }: VerificationRequest, deadline: number): Promise<void> {
    const { clock, changes, sleep } = this.options;
    const revision = revisionOf(taskDefinition);
    for (let asked = false; ;) {
      const record = await this.options.apps.get(app);
      if (record !== undefined && isDone(record, revision)) return;
      if (record?.revision === revision && !asked) {
        await changes.verify(app, deadline - clock.now() + LOOK_MS);
        asked = true;
      }
      if (clock.now() + LOOK_MS > deadline) throw new Error(await this.timeUp(app, revision, record));
      await sleep(LOOK_MS);
    }
  }

  private async timeUp(app: string, revision: string, record: AppRecord | undefined): Promise<string> {
    if (record?.revision !== revision)
      return `The controller has not taken over revision ${revision} of ${app}: its log says why`;
    const own = (await this.options.registry.list(app)).filter((runner) => runner.revision === revision);
    const waits = own.find(starting);
    const why = waits === undefined ? '' : `: it is ${waits.state}${waits.waitingFor ? `, ${waits.waitingFor}` : ''}`;
    return `No runner of revision ${revision} of ${app} was READY in time${why}`;
  }
}

/** True for a revision that is good, or went before another one. Throws for one that failed. */
function isDone(record: AppRecord, revision: string): boolean {
  if (record.revision !== revision) return (record.earlier ?? []).some((earlier) => earlier.revision === revision);
  if (record.failure !== undefined && record.readyAt === undefined)
    throw new Error(`Revision ${revision} of ${record.id} did not start: ${record.failure.reason}`);
  return record.readyAt !== undefined;
}
