/** One app of a platform, by its id or its name. */
import type { AppRecord } from '../../runtime/domain/app';
import { didYouMean } from '../../runtime/domain/nearest';
import { UserError } from '../../runtime/domain/user-error';
import type { AdminClient } from '../admin-client';

export async function appRecords(client: AdminClient): Promise<readonly AppRecord[]> {
  return (await client.call<{ readonly apps: readonly AppRecord[] }>('GET', '/apps')).apps;
}

/** A UserError names the apps that there are. */
export async function appRecord(client: AdminClient, name: string): Promise<AppRecord> {
  const apps = await appRecords(client);
  const found = apps.find(({ id }) => id === name || id.slice(id.indexOf('/') + 1) === name);
  if (found !== undefined) return found;
  const known = apps.map(({ id }) => (name.includes('/') ? id : id.slice(id.indexOf('/') + 1)));
  const mend = known.length === 0 ? 'it has none yet' : `it has ${known.join(', ')}`;
  throw new UserError(`${client.url} has no app ${name}${didYouMean(name, known)} (${mend})`);
}
