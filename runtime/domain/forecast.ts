/**
 * What an adaptive policy expects of an app, from what was learned about it and the user's `keep_alive`.
 *
 * `keep_alive` is a bound and a price at once. Who lets a runner idle for 60 s to spare callers a start of 30 s says that
 * a second of waiting is worth two of GPU time; nothing else needs to be set.
 */
import type { AppSpec } from './app-spec';
import { serviceKnown, type LearnedApp } from './learned-app';
import { rateAhead } from './request-rate';
import { outlook, type Outlook } from './runner-outlook';

/** Parts of the adaptive policy; each works without the others. */
export interface AdaptiveParts {
  /** Requests wait for busy runners where that is cheaper than starting new ones. */
  readonly waitOrSpawn: boolean;
  /** Runners start ahead of calls that come at regular times. */
  readonly startAhead: boolean;
  /** An idle runner stays for as long as a start takes, also beyond `keep_alive`, where starting anew would cost more. */
  readonly stayOn: boolean;
  /** `keep_alive` of further runners counts from when so many were last needed, whichever of them did the work. */
  readonly releaseSurplus: boolean;
}

export const ALL_PARTS: AdaptiveParts = { waitOrSpawn: true, startAhead: true, stayOn: true, releaseSurplus: true };

export interface Forecast extends Outlook {
  readonly parts: AdaptiveParts;
  /** How long requests and starts take; absent while nobody knows, and then fal's rules hold. */
  readonly serviceMs?: number;
  readonly startMs?: number;
  /** Requests per millisecond to expect in the time that a runner started now would be there. */
  readonly rate: number;
  /** Milliseconds of GPU time that sparing a caller a millisecond of waiting is worth. */
  readonly worth: number;
  /** Who has waited for longer counts as fal counts: this and a start is the longest anybody waits. */
  readonly patienceMs: number;
}

/** Nobody waits for a busy runner for longer than this before a new one is started for it. */
export const MAX_PATIENCE_MS = 900_000;

/** The forecast for an app with so many READY runners. */
export function forecast(
  known: LearnedApp,
  spec: Pick<AppSpec, 'keep_alive' | 'max_multiplexing'>,
  runners: number,
  now: number,
  parts: AdaptiveParts = ALL_PARTS,
): Forecast {
  const { startMs } = known;
  const service = serviceKnown(known);
  const keepAliveMs = spec.keep_alive * 1000;
  const worth = Math.max(LEAST_WORTH, Math.min(keepAliveMs, DEAREST_MS) / Math.max(1, startMs));
  const aheadMs = startMs + keepAliveMs;
  return {
    parts,
    ...(service.from >= REQUESTS_TO_KNOW ? { serviceMs: service.ms * (1 + 1 / Math.sqrt(service.from)) } : {}),
    ...(known.starts > 0 ? { startMs } : {}),
    rate: rateAhead(known.rates, { knownForMs: known.at - known.since, passedMs: now - known.at, aheadMs }),
    worth,
    patienceMs: Math.min(MAX_PATIENCE_MS, PATIENCE_STARTS * startMs),
    ...outlook(known, { keepAliveMs, slots: spec.max_multiplexing, worth: START_WORTH * worth }, runners, now),
  };
}

const REQUESTS_TO_KNOW = 3;
const LEAST_WORTH = 0.2;

/** A `keep_alive` beyond this says how long runners may stay, and no longer what a start is worth. */
const DEAREST_MS = 3_600_000;
const PATIENCE_STARTS = 2;

/** Idling for `keep_alive` spares a start only now and then: one that is spared for sure is worth more than that. */
const START_WORTH = 3;
