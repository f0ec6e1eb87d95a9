/** Which platform a command is about, and what opens it. */
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { UserError } from '../runtime/domain/user-error';
import type { AwsAccess } from './aws/access';
import { DEFAULT_STATE, requireRunningPlatform, runningPlatform } from './running-platform';
import { readProfiles, savedProfile, type SavedProfile } from './saved-profiles';

export interface TargetOptions {
  readonly local?: boolean;
  readonly stateFolder?: string;
  /** The same, but where `--state` means the states of runners. */
  readonly state?: unknown;
  readonly url?: string;
  readonly platform?: string;
  readonly profile?: string;
  readonly awsProfile?: string;
  readonly region?: string;
  readonly verbose?: boolean;
}

export type Target =
  | { readonly kind: 'local'; readonly url: string; readonly key?: string; readonly state: string }
  | { readonly kind: 'url'; readonly url: string; readonly key?: string }
  | { readonly kind: 'aws'; readonly platform: string; readonly access: AwsAccess };

const GROUP = 'Which platform:';

/** `--state` names the state folder, as in `sgpu run`, unless the command has fal's `--state` for states of runners. */
export function addTargetOptions(command: Command, { stateOption = true } = {}): Command {
  const options = [
    new Option('--local', 'the one that `sgpu run` serves on this machine'),
    new Option(
      '--state-folder <folder>',
      `its state folder, as --state of \`sgpu run\` (default: ${DEFAULT_STATE})`,
    ).implies({ local: true }),
    ...(stateOption ? [new Option('--state <folder>', 'the same').implies({ local: true }).hideHelp()] : []),
    new Option('--url <url>', 'the one at this address; the key is in FAL_KEY'),
    new Option('--platform <name>', 'the one of this name in your AWS account'),
    new Option('--profile <name>', 'the one saved under this name by `sgpu auth login`').env('FAL_PROFILE'),
    new Option('--aws-profile <name>', 'the profile of the AWS CLI for --platform (default: AWS_PROFILE)'),
    new Option('--region <region>', "the platform's region (default: as the AWS CLI's)"),
  ];
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  return command;
}

/**
 * The platform that the options name; without them the one chosen by `sgpu auth login`, else one that runs with its state
 * in `./.sgpu`. A UserError lists the ways when there is none.
 */
export function chooseTarget(options: TargetOptions): Target {
  refuseTwo(options);
  const { local, url, platform, profile } = options;
  if (local === true) return localTarget(stateFolderOf(options));
  if (url !== undefined) return { kind: 'url', url: platformUrl(url), ...environmentKey() };
  if (platform !== undefined) return awsTarget({ platform }, options);
  if (profile !== undefined) return profileTargetOf(savedProfile(profile), options);
  const saved = readProfiles();
  if (saved.current !== undefined) return profileTargetOf(savedProfile(saved.current, saved), options);
  const running = runningPlatform(resolve(DEFAULT_STATE));
  if (running !== undefined) return localTarget(DEFAULT_STATE);
  throw new UserError(WAYS);
}

const WAYS = `Which platform? Name one of:
  --local              the one that \`sgpu run\` serves here (its state folder is not ./${DEFAULT_STATE}: add --state)
  --platform NAME      the one of this name in your AWS account
  --url URL            the one at this address, with its key in FAL_KEY
or choose one for all commands by \`sgpu auth login\``;

/** An address as people type it, without what follows the host. */
export function platformUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin;
  throw new UserError(`'${text}' is no address of a platform: write it like https://gpu.example.com`);
}

function refuseTwo({ local, url, platform }: TargetOptions): void {
  const given = [local && '--local', url && '--url', platform && '--platform'].filter(Boolean);
  if (given.length > 1) throw new UserError(`${given.join(' and ')} name different platforms: give one of them`);
}

function stateFolderOf({ stateFolder, state }: TargetOptions): string {
  return stateFolder ?? (typeof state === 'string' ? state : DEFAULT_STATE);
}

function localTarget(stateFolder: string): Target {
  const state = resolve(stateFolder);
  return { kind: 'local', url: requireRunningPlatform(state).url, state, ...environmentKey() };
}

/** The key that was saved with an address belongs to it; `FAL_KEY` may be one for another platform. */
function profileTargetOf(profile: SavedProfile, options: TargetOptions): Target {
  return 'url' in profile ? { kind: 'url', ...environmentKey(), ...profile } : awsTarget(profile, options);
}

function awsTarget(
  { platform, awsProfile, region }: Extract<SavedProfile, { platform: string }>,
  options: TargetOptions,
): Target {
  const profile = options.awsProfile ?? awsProfile;
  const place = options.region ?? region;
  return {
    kind: 'aws',
    platform,
    access: {
      ...(profile === undefined ? {} : { profile }),
      ...(place === undefined ? {} : { region: place }),
      verbose: options.verbose === true,
    },
  };
}

function environmentKey(): { readonly key?: string } {
  const { FAL_KEY: key, FAL_KEY_ID: id, FAL_KEY_SECRET: secret } = process.env;
  if (key !== undefined && key !== '') return { key };
  return id === undefined || secret === undefined ? {} : { key: `${id}:${secret}` };
}
