/** What a platform does with what a former one left in its state folder, before it serves anything. */
import { alive, terminated } from '../runtime/domain/runner';
import type { RequestQueue } from '../runtime/queue/request-queue';
import type { Stores } from './stores';

/**
 * A former platform is gone with all its runners, and so are the connections of its callers. Its runners are written off,
 * what they worked on goes round again, and apps that are not served now are forgotten; their requests stay.
 */
export async function recover(stores: Stores, queue: RequestQueue, served: readonly string[]): Promise<void> {
  for (const app of await stores.apps.list()) {
    await writeOffRunners(stores, app.id);
    if (!served.includes(app.id)) await stores.apps.remove(app.id);
  }
  await queue.recover(served);
}

async function writeOffRunners({ runners, clock }: Stores, app: string): Promise<void> {
  for (const runner of (await runners.list(app)).filter(alive)) {
    // Not its app's failure: one that was starting delays no further start.
    const gone = terminated(runner, 'stopped', 'the platform was stopped', clock.now());
    if (gone !== undefined) await runners.replace(gone);
    await runners.leaveReady(app, runner.revision, runner.id);
  }
}
