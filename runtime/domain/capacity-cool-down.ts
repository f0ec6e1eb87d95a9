/**
 * What could not be had is not asked for again at once: (shape, zone, market) cools down, 30 s after the first refusal and
 * twice as long after each further one, up to 10 minutes, while the next zone or pool is tried.
 */
import type { PoolDeployment } from './deployment';

export const COOL_DOWN_FIRST_MS = 30_000;
export const COOL_DOWN_MAX_MS = 600_000;

/** A refusal this long after the last cool-down ended is the first of a new series. */
export const COOL_DOWN_MEMORY_MS = 600_000;

/** Stands for every zone: a quota is the region's, and a group with a warm pool chooses zones by itself. */
export const ANY_ZONE = '*';

/** An instance type bought in one way in one zone. */
export interface Offer {
  readonly instanceType: string;
  readonly market: PoolDeployment['market'];
  readonly zone: string;
}

/** Why an offer was refused. `code` is EC2's own word for it. */
export interface Refusal extends Offer {
  /** `capacity`: none in stock. `quota`: the account may have no more. `error`: something else, likely the set-up. */
  readonly kind: 'capacity' | 'quota' | 'error';
  readonly code: string;
}

export interface CoolDown extends Refusal {
  /** Refusals in a row. */
  readonly refusals: number;
  readonly until: number;
}

/** The cool-down after a refusal. `before` is the last one of the same offer. */
export function coolDownAfter(refusal: Refusal, before: CoolDown | undefined, now: number): CoolDown {
  const refusals = before !== undefined && now < before.until + COOL_DOWN_MEMORY_MS ? before.refusals + 1 : 1;
  const delay = Math.min(COOL_DOWN_MAX_MS, COOL_DOWN_FIRST_MS * 2 ** (refusals - 1));
  return { ...refusal, refusals, until: now + delay };
}

/** The cool-down that keeps an offer from being tried now: of several, the one that ends last. */
export function coolingDown(coolDowns: readonly CoolDown[], offer: Offer, now: number): CoolDown | undefined {
  return coolDowns
    .filter((coolDown) => concerns(coolDown, offer) && now < coolDown.until)
    .sort((a, b) => b.until - a.until)[0];
}

function concerns(coolDown: CoolDown, offer: Offer): boolean {
  const sameShape = coolDown.instanceType === offer.instanceType && coolDown.market === offer.market;
  return sameShape && (coolDown.zone === ANY_ZONE || coolDown.zone === offer.zone);
}
