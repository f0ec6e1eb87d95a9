/** What `sgpu auth login` and `sgpu profile` keep: platforms by name, in a file that only its owner may read. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { didYouMean } from '../runtime/domain/nearest';
import { UserError } from '../runtime/domain/user-error';

/** How a platform is reached: by its address with a key, or by its name in an AWS account with that account's credentials. */
export type SavedProfile =
  | { readonly url: string; readonly key?: string }
  | { readonly platform: string; readonly awsProfile?: string; readonly region?: string };

export interface SavedProfiles {
  /** The profile that commands use when none is named. */
  readonly current?: string;
  readonly profiles: Readonly<Record<string, SavedProfile>>;
}

/** `~/.sgpu/config.json`, or what `SGPU_CONFIG` names. */
export function profilesFile(): string {
  return process.env.SGPU_CONFIG ?? join(homedir(), '.sgpu', 'config.json');
}

export function readProfiles(): SavedProfiles {
  let text: string;
  try {
    text = readFileSync(profilesFile(), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {} };
    throw new UserError(`${profilesFile()} can't be read: ${String((error as NodeJS.ErrnoException).code)}`);
  }
  try {
    const saved = JSON.parse(text) as Partial<SavedProfiles>;
    return { ...saved, profiles: saved.profiles ?? {} };
  } catch {
    throw new UserError(`${profilesFile()} is not valid JSON: mend it, or remove it and log in again`);
  }
}

export function writeProfiles(saved: SavedProfiles): void {
  const path = profilesFile();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(saved, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

/** A saved profile by its name. */
export function savedProfile(name: string, { profiles } = readProfiles()): SavedProfile {
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(profiles);
  const known = names.length === 0 ? 'none is saved yet' : `there are ${names.join(', ')}`;
  throw new UserError(
    `There is no profile ${name}${didYouMean(name, names)} (${known}). Save one by \`sgpu auth login --profile ${name}\``,
  );
}

/** What a profile leads to, without its key. */
export function profileTarget(profile: SavedProfile): string {
  if ('url' in profile) return profile.url;
  const { platform, awsProfile, region } = profile;
  const how = [awsProfile && `AWS profile ${awsProfile}`, region].filter((part) => part !== undefined && part !== '');
  return how.length === 0 ? `platform ${platform}` : `platform ${platform} (${how.join(', ')})`;
}
