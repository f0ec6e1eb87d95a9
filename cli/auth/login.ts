/** `sgpu auth login` */
import { Option, type Command } from 'commander';
import { UserError } from '../../runtime/domain/user-error';
import { withInstead } from '../instead';
import { askedSecret, askedText } from '../confirm';
import { connect, platformCommand, type PlatformOptions } from '../platform-command';
import { Output } from '../output';
import { profileTarget, readProfiles, savedProfile, writeProfiles, type SavedProfile } from '../saved-profiles';
import { chooseTarget, platformUrl } from '../target';

type LoginOptions = PlatformOptions & { readonly keyStdin?: boolean };

export function loginCommand(): Command {
  return withInstead(platformCommand('login'), {
    '--connection <name>': 'log in by --platform with your AWS credentials, or by --url with a key',
  })
    .summary('choose the platform for all commands')
    .description(
      'Saves a platform under a name and chooses it for all commands: by --platform with your AWS credentials, where no ' +
        'key is kept, or by --url with a key (from FAL_KEY or asked for). An account with one platform needs one login.',
    )
    .addOption(new Option('--no-browser', 'as it is anyway').hideHelp())
    .option('--key-stdin', 'read the key from standard input')
    .addHelpText(
      'after',
      `
JSON: {"profile","target","user_id","scope"}

Examples:
  sgpu auth login --platform studio --aws-profile work --region eu-central-1
  FAL_KEY=… sgpu auth login --url https://gpu.example.com --profile website`,
    )
    .action(async function (this: Command) {
      await login(this.opts<LoginOptions>());
    });
}

async function login(options: LoginOptions): Promise<void> {
  const { name, profile } = await wanted(options);
  const target = chooseTarget(
    'url' in profile
      ? { url: profile.url }
      : { platform: profile.platform, ...awsOptions(profile), verbose: options.verbose === true },
  );
  const keyed = target.kind === 'url' && 'key' in profile ? { ...target, key: profile.key } : target;
  const client = await connect(keyed, options.verbose === true);
  const { user_id, scope } = await client.caller();
  const { profiles } = readProfiles();
  writeProfiles({ current: name, profiles: { ...profiles, [name]: profile } });
  const result = { profile: name, target: profileTarget(profile), user_id, scope };
  new Output(options).result(
    result,
    () => `✓ Authenticated as ${user_id} (${scope}) at ${result.target}, saved as profile ${name}`,
  );
}

/** The profile to save: from the options, or one that was saved before, or from answers. */
async function wanted(options: LoginOptions): Promise<{ readonly name: string; readonly profile: SavedProfile }> {
  const { local, platform, profile: name } = options;
  if (local === true) throw new UserError('A platform on this machine needs no login: commands find it by --local');
  if (platform !== undefined) {
    const { awsProfile, region } = options;
    return { name: name ?? platform, profile: { platform, ...awsOptions({ awsProfile, region }) } };
  }
  if (options.url === undefined && name !== undefined && Object.hasOwn(readProfiles().profiles, name)) {
    return { name, profile: savedProfile(name) };
  }
  const url = platformUrl(
    options.url ?? (await askedText('Address of the platform', 'Log in where? Name --platform NAME or --url URL')),
  );
  const key = await keyFor(options);
  return { name: name ?? new URL(url).host, profile: { url, key } };
}

async function keyFor({ keyStdin }: LoginOptions): Promise<string> {
  const key = keyStdin === true ? await standardInput() : (process.env.FAL_KEY ?? (await askedKey()));
  if (/^[\w-]+:\w+$/.test(key)) return key;
  throw new UserError('That is no key: it looks like id:secret, as `sgpu keys create` prints it');
}

function askedKey(): Promise<string> {
  return askedSecret('Key (id:secret)', 'Which key? Put it in FAL_KEY, or pipe it to --key-stdin');
}

async function standardInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text.trim();
}

function awsOptions({
  awsProfile,
  region,
}: {
  readonly awsProfile?: string | undefined;
  readonly region?: string | undefined;
}): {
  readonly awsProfile?: string;
  readonly region?: string;
} {
  return { ...(awsProfile === undefined ? {} : { awsProfile }), ...(region === undefined ? {} : { region }) };
}
