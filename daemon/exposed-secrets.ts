/** The secrets that an app finds in its environment. */
import type { AppSpec } from '../runtime/domain/app-spec';
import { internalSecret } from '../runtime/domain/secret-name';
import type { SecretStore } from '../runtime/ports';

export interface ExposedSecrets {
  readonly values: Readonly<Record<string, string>>;
  /** Secrets that the app names and nobody has set. */
  readonly missing: readonly string[];
}

/** Those that the app names; all there are when it names none, as on fal. */
export async function exposedSecrets(
  store: SecretStore,
  { secrets: wanted }: Pick<AppSpec, 'secrets'>,
): Promise<ExposedSecrets> {
  const names = (wanted ?? (await store.names())).filter((name) => !internalSecret(name));
  const found = await Promise.all(names.map(async (name) => [name, await store.get(name)] as const));
  return {
    values: Object.fromEntries(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
    missing: found.flatMap(([name, value]) => (value === undefined ? [name] : [])),
  };
}
