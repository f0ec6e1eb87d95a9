/** The secrets that an app finds in its environment. */
import type { AppSpec } from '../runtime/domain/app-spec';
import { internalSecret, NOT_EXPOSED } from '../runtime/domain/secret-name';
import type { SecretStore } from '../runtime/ports';

export interface ExposedSecrets {
  readonly values: Readonly<Record<string, string>>;
  /** Secrets that the app names and nobody has set. */
  readonly missing: readonly string[];
}

/** Those that the app names; when it names none all there are but those not exposed by default, as on fal. */
export async function exposedSecrets(
  store: SecretStore,
  { secrets: wanted }: Pick<AppSpec, 'secrets'>,
): Promise<ExposedSecrets> {
  const names = (wanted ?? (await exposedByDefault(store))).filter((name) => !internalSecret(name));
  const found = await Promise.all(names.map(async (name) => [name, await store.get(name)] as const));
  return {
    values: Object.fromEntries(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
    missing: found.flatMap(([name, value]) => (value === undefined ? [name] : [])),
  };
}

async function exposedByDefault(store: SecretStore): Promise<readonly string[]> {
  const hidden = JSON.parse((await store.get(NOT_EXPOSED)) ?? '[]') as readonly string[];
  return (await store.names()).filter((name) => !hidden.includes(name));
}
