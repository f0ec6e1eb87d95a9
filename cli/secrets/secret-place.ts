/** Where the secrets of a platform are: behind its admin API, or in Secrets Manager with the user's own credentials. */
import { SECRET_NAME, internalSecret } from '../../runtime/domain/secret-name';
import { UserError } from '../../runtime/domain/user-error';
import type { AdminClient } from '../admin-client';
import type { Session } from '../platform-command';

export interface SecretPlace {
  names(): Promise<readonly string[]>;
  /** Exposed by default: apps that name no secrets get it, too. On AWS an app always names its own. */
  set(name: string, value: string, exposed: boolean): Promise<void>;
  /** False when there was none of this name. */
  remove(name: string): Promise<boolean>;
}

export async function secretPlace({ target, client }: Session): Promise<SecretPlace> {
  if (target.kind !== 'aws') return behindAdminApi(client);
  const { secretsInAws } = await import('../aws/secrets');
  return secretsInAws(target.platform, target.access);
}

/** `NAME=VALUE`, where the value may have any characters. */
export function assignment(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new UserError(`'${hidden(text)}' sets nothing: write NAME=VALUE`);
  return [checkedName(text.slice(0, equals)), text.slice(equals + 1)];
}

export function checkedName(name: string): string {
  if (SECRET_NAME.test(name) && !internalSecret(name)) return name;
  throw new UserError(`'${name}' can't be a secret: its name has letters, digits and "_", and no digit first`);
}

/** What has no name before it may be a value. */
function hidden(text: string): string {
  return text.length <= 3 ? text : `${text.slice(0, 3)}…`;
}

function behindAdminApi(client: AdminClient): SecretPlace {
  const path = (name: string): string => `/secrets/${encodeURIComponent(name)}`;
  const names = async (): Promise<readonly string[]> => {
    const { secrets } = await client.call<{ readonly secrets: readonly { readonly name: string }[] }>(
      'GET',
      '/secrets',
    );
    return secrets.map(({ name }) => name);
  };
  return {
    names,
    set: async (name, value, exposed) => client.call('PUT', path(name), { value, default_exposed: exposed }),
    remove: async (name) => {
      if (!(await names()).includes(name)) return false;
      await client.call('DELETE', path(name));
      return true;
    },
  };
}
