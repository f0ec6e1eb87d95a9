/** Where a platform in an AWS account is, and the key to its admin API. Both are parameters of SSM. */
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { ResourceNames } from '../../runtime/aws-layout';
import type { PlatformDeployment } from '../../runtime/domain/deployment';
import { UserError } from '../../runtime/domain/user-error';
import { awsProblem, clientConfiguration, shown, type AwsAccess } from './access';

export interface FoundPlatform {
  readonly url: string;
  readonly key: string;
}

/** Needs `ssm:GetParameters` on both, as `grantAdminister` gives. */
export async function findPlatform(platform: string, access: AwsAccess): Promise<FoundPlatform> {
  const names = new ResourceNames(platform);
  const ssm = shown(new SSMClient(clientConfiguration(access)), access);
  const values = await parameters(ssm, [names.platformParameter, names.adminKey], platform);
  const deployment = values.get(names.platformParameter);
  const key = values.get(names.adminKey);
  const place = await ssm.config.region();
  if (deployment === undefined) {
    throw new UserError(
      `There is no platform '${platform}' in ${place}: check --platform, --region and --aws-profile, or deploy one by \`sgpu deploy\``,
    );
  }
  if (key === undefined) {
    throw new UserError(
      `Platform '${platform}' has no admin key yet: its controller makes it in the first minute after deploying`,
    );
  }
  return { url: (JSON.parse(deployment) as PlatformDeployment).publicUrl, key };
}

async function parameters(
  ssm: SSMClient,
  names: readonly string[],
  platform: string,
): Promise<ReadonlyMap<string, string>> {
  try {
    const { Parameters = [] } = await ssm.send(new GetParametersCommand({ Names: [...names], WithDecryption: true }));
    return new Map(Parameters.map(({ Name = '', Value = '' }) => [Name, Value]));
  } catch (error) {
    throw awsProblem(error, `to find the platform '${platform}'`);
  }
}
