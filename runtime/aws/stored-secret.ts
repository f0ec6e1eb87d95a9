/** What the two kinds of secrets on AWS have in common. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../domain/user-error';

/** Returns the name. Throws a UserError for one that Secrets Manager or SSM would refuse. */
export function requireSecretName(name: string): string {
  if (!SAFE_NAME.test(name)) throw new UserError(`'${name}' can't name a secret: ${NAME_RULE}`);
  return name;
}

/** What Secrets Manager and SSM both take, and no way out of the platform's own names. */
const SAFE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/;
const NAME_RULE = 'use letters, digits, _, . and -, and / between parts';

const ATTEMPTS = 6;
const PAUSE_MS = 200;

/** The value that another writer has just stored, which a read may not find at once. */
export async function storedByAnother(read: () => Promise<string | undefined>, name: string): Promise<string> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const value = await read();
    if (value !== undefined) return value;
    await sleep(PAUSE_MS * attempt);
  }
  throw new Error(`The secret ${name} exists and can't be read`);
}

export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}
