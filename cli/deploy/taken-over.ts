/** When the running platform knows what was deployed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppRecord } from '../../runtime/domain/app';
import { UserError } from '../../runtime/domain/user-error';
import type { AdminClient } from '../admin-client';
import { appRecords } from '../apps/app-record';

const PAUSE_MS = 2_000;

/** A controller at rest is woken by the deployment, and otherwise looks every minute. */
const PATIENCE_MS = 180_000;

/** The app as the platform has it. Its revision is the one deployed before until the controller's next turn. */
export async function appTakenOver(client: AdminClient, id: string): Promise<AppRecord> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const found = (await appRecords(client)).find((app) => app.id === id);
    if (found !== undefined) return found;
    await sleep(PAUSE_MS);
  }
  throw new UserError(`${id} is deployed, but its platform has not taken it over: \`sgpu doctor\` says what is wrong`);
}
