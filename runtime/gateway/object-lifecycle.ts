/**
 * How long an uploaded file lives and who may read it, as fal's clients and its toolkit say it: JSON in the header
 * `X-Fal-Object-Lifecycle`, or in `X-Fal-Object-Lifecycle-Preference`, of the request that begins the upload.
 */

/** `allow` lets read; `forbid` answers 403; `hide` answers 404, as though there were no such file. */
export type AccessDecision = 'allow' | 'forbid' | 'hide';

export interface AccessControlList {
  readonly default: AccessDecision;
  readonly rules: readonly AccessRule[];
}

export interface AccessRule {
  readonly user: string;
  readonly decision: AccessDecision;
}

export interface ObjectLifecycle {
  /** Absent: for ever. */
  readonly expirationSeconds?: number;
  /** Absent: everybody who knows the URL. */
  readonly acl?: AccessControlList;
}

/** A lifecycle header that can't be honoured. The message is for the caller. */
export class LifecycleError extends Error {
  override readonly name = 'LifecycleError';
}

/** Lifecycles travel in upload URLs, which must stay short enough for every proxy. */
const MAX_CHARACTERS = 2048;

/** @throws LifecycleError rather than keep a file longer, or show it to more people, than was asked for. */
export function parseLifecycle(header: string | undefined): ObjectLifecycle {
  if (header === undefined || header.trim() === '') return {};
  if (header.length > MAX_CHARACTERS) throw new LifecycleError(`is longer than ${MAX_CHARACTERS} characters`);
  const given = record(parseJson(header), 'must be a JSON object');
  const expirationSeconds = parseSeconds(given.expiration_duration_seconds);
  const acl = parseAcl(given.initial_acl);
  return { ...(expirationSeconds && { expirationSeconds }), ...(acl && { acl }) };
}

/** Whether `user` may read; undefined is somebody who did not say who they are. Rules come first, then the default. */
export function decideAccess(acl: AccessControlList | undefined, user: string | undefined): AccessDecision {
  if (acl === undefined) return 'allow';
  return acl.rules.find((rule) => rule.user === user)?.decision ?? acl.default;
}

/** fal reads null and 0 as "no expiration". */
function parseSeconds(given: unknown): number | undefined {
  if (given === undefined || given === null) return undefined;
  const seconds = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) {
    throw new LifecycleError('expiration_duration_seconds must be a number of seconds');
  }
  return seconds === 0 ? undefined : seconds;
}

function parseAcl(given: unknown): AccessControlList | undefined {
  if (given === undefined || given === null) return undefined;
  const acl = record(given, 'initial_acl must be an object');
  const rules = acl.rules ?? [];
  if (!Array.isArray(rules)) throw new LifecycleError('initial_acl.rules must be a list');
  return { default: parseDecision(acl.default ?? 'allow'), rules: rules.map(parseRule) };
}

function parseRule(given: unknown): AccessRule {
  const { user, decision } = record(given, 'initial_acl.rules must hold objects');
  if (typeof user !== 'string' || user === '') throw new LifecycleError('initial_acl.rules must each name a user');
  return { user, decision: parseDecision(decision) };
}

function parseDecision(given: unknown): AccessDecision {
  if (given === 'allow' || given === 'forbid' || given === 'hide') return given;
  throw new LifecycleError('initial_acl decisions are "allow", "forbid" and "hide"');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new LifecycleError('must be JSON');
  }
}

function record(value: unknown, message: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new LifecycleError(message);
  return value as Record<string, unknown>;
}
