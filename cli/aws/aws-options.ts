/** Options of commands that work in an AWS account, whatever platform is chosen. */
import { Option, type Command } from 'commander';
import { readProfiles, savedProfile } from '../saved-profiles';
import type { AwsAccess } from './access';

export interface AwsOptions {
  readonly platform?: string;
  readonly profile?: string;
  readonly awsProfile?: string;
  readonly region?: string;
  readonly verbose?: boolean;
}

export interface AwsPlace {
  readonly platform: string;
  readonly access: AwsAccess;
}

/** The platform of whoever names none. */
export const DEFAULT_PLATFORM = 'default';

const GROUP = 'Where:';

export function addAwsOptions(command: Command): Command {
  const options = [
    new Option(
      '--platform <name>',
      `the platform in your AWS account (default: the saved one, else ${DEFAULT_PLATFORM})`,
    ),
    new Option('--profile <name>', 'the one saved under this name by `sgpu auth login`').env('FAL_PROFILE'),
    new Option('--aws-profile <name>', 'the profile of the AWS CLI (default: AWS_PROFILE)'),
    new Option('--region <region>', "the AWS region (default: as the AWS CLI's)"),
  ];
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  return command;
}

export function awsPlace(options: AwsOptions): AwsPlace {
  const saved = savedPlace(options);
  const awsProfile = options.awsProfile ?? saved?.awsProfile;
  const region = options.region ?? saved?.region;
  return {
    platform: options.platform ?? saved?.platform ?? DEFAULT_PLATFORM,
    access: {
      ...(awsProfile === undefined ? {} : { profile: awsProfile }),
      ...(region === undefined ? {} : { region }),
      verbose: options.verbose === true,
    },
  };
}

/** A saved address with a key says nothing about AWS. */
function savedPlace({
  platform,
  profile,
}: AwsOptions): (Partial<AwsPlace> & { awsProfile?: string; region?: string }) | undefined {
  if (platform !== undefined) return undefined;
  const saved = readProfiles();
  const name = profile ?? saved.current;
  const found = name === undefined ? undefined : savedProfile(name, saved);
  return found !== undefined && 'platform' in found ? found : undefined;
}
