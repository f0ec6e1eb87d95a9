/** When the running platform knows what was deployed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { ResourceNames } from '../../runtime/aws-layout';
import { revisionOf } from '../../runtime/aws/deployments';
import type { AppRecord } from '../../runtime/domain/app';
import type { AppDeployment } from '../../runtime/domain/deployment';
import { UserError } from '../../runtime/domain/user-error';
import type { AdminClient } from '../admin-client';
import { appRecords } from '../apps/app-record';
import { awsProblem, clientConfiguration, shown, type AwsAccess } from '../aws/access';

const PAUSE_MS = 2_000;

/** A controller at rest is woken by the deployment, and otherwise looks every minute. */
const PATIENCE_MS = 180_000;

/** The app as the platform has it once it runs what was deployed, or knows it beside a revision that was set by hand. */
export async function appTakenOver(
  client: AdminClient,
  { platform, alias, access }: { readonly platform: string; readonly alias: string; readonly access: AwsAccess },
): Promise<AppRecord> {
  const id = `${platform}/${alias}`;
  const revision = await deployedRevision(new ResourceNames(platform).appParameter(alias), access);
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const found = (await appRecords(client)).find((app) => app.id === id);
    if (found !== undefined && [found.revision, found.setAside].includes(revision)) return found;
    await sleep(PAUSE_MS);
  }
  throw new UserError(`${id} is deployed, but its platform has not taken it over: \`sgpu doctor\` says what is wrong`);
}

async function deployedRevision(parameter: string, access: AwsAccess): Promise<string> {
  const ssm = shown(new SSMClient(clientConfiguration(access)), access);
  try {
    const { Parameters = [] } = await ssm.send(new GetParametersCommand({ Names: [parameter] }));
    const value = Parameters[0]?.Value;
    if (value === undefined) throw new UserError(`There is no parameter ${parameter}: deploy the app again`);
    return revisionOf((JSON.parse(value) as AppDeployment).taskDefinition);
  } catch (error) {
    throw awsProblem(error, `to read ${parameter}`);
  }
}
