/** Names of secrets. */

/** Secrets of the user become variables of the environment and are named so. */
export const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** The platform's own API keys: what apps find in `FAL_KEY`, and what it gives to those it was granted to. */
const KEYS: ReadonlySet<string> = new Set(['app-key', 'invoke-key', 'admin-key']);

/** A JSON list of the secrets that only apps get which name them. */
export const NOT_EXPOSED = 'platform/not-exposed-by-default';

/** True for what the platform keeps for itself, which nobody sees or sets: signing keys, and those. */
export function internalSecret(name: string): boolean {
  return name.startsWith('platform/') || KEYS.has(name);
}
