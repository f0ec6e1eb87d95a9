/** When the running platform knows what was deployed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ResourceNames } from '../../runtime/aws-layout';
import { revisionOf } from '../../runtime/aws/deployments';
import type { AppRecord } from '../../runtime/domain/app';
import { UserError } from '../../runtime/domain/user-error';
import type { AdminClient } from '../admin-client';
import { appRecords } from '../apps/app-record';
import { AppRevisions } from '../aws/app-revision';
import type { AwsAccess } from '../aws/access';

const PAUSE_MS = 2_000;

/** A controller at rest is woken by the deployment, and otherwise looks every minute. */
const PATIENCE_MS = 180_000;

interface DeployedApp {
  readonly platform: string;
  readonly alias: string;
  readonly access: AwsAccess;
}

/** The app as the platform has it once it runs what was deployed, or knows it beside a revision that was set by hand. */
export async function appTakenOver(client: AdminClient, app: DeployedApp): Promise<AppRecord> {
  const id = `${app.platform}/${app.alias}`;
  const revision = await deployedRevision(app);
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const found = (await appRecords(client)).find((record) => record.id === id);
    if (found !== undefined && [found.revision, found.setAside].includes(revision)) return found;
    await sleep(PAUSE_MS);
  }
  throw new UserError(`${id} is deployed, but its platform has not taken it over: \`sgpu doctor\` says what is wrong`);
}

/** The revision that the platform was told of last. */
export async function deployedRevision({ platform, alias, access }: DeployedApp): Promise<string> {
  const parameter = new ResourceNames(platform).appParameter(alias);
  const deployment = await new AppRevisions(parameter, access).deployment();
  if (deployment === undefined) throw new UserError(`There is no parameter ${parameter}: deploy the app again`);
  return revisionOf(deployment.taskDefinition);
}
