/**
 * What an adaptive policy expects of an app, from what was learned about it and the user's `keep_alive`.
 *
 * `keep_alive` is a bound and a price at once. Who lets a runner idle for 60 s to spare callers a start of 30 s says that
 * a second of waiting is worth two of GPU time; nothing else needs to be set.
 */
import type { AppSpec } from './app-spec';
import { levelOf, serviceKnown, waitedPerStart, LEVELS, type LearnedApp } from './learned-app';
import { expectedWindow, PAUSES_TO_KNOW, worthwhileIdleMs } from './pauses';

/** Parts of the adaptive policy; each works without the others. */
export interface AdaptiveParts {
  /** Requests wait for busy runners where that is cheaper than starting new ones. */
  readonly waitOrSpawn: boolean;
  /** Idle runners leave before `keep_alive` where the pauses of the app make staying a waste. */
  readonly earlyRelease: boolean;
  /** Runners start ahead of calls that come at regular times. */
  readonly startAhead: boolean;
}

export const ALL_PARTS: AdaptiveParts = { waitOrSpawn: true, earlyRelease: true, startAhead: true };

export interface Forecast {
  readonly parts: AdaptiveParts;
  /** How long requests and starts take; absent while nobody knows, and then fal's rules hold. */
  readonly serviceMs?: number;
  readonly startMs?: number;
  /** Requests that come, per millisecond. */
  readonly rate: number;
  /** Milliseconds of GPU time that sparing a caller a millisecond of waiting is worth. */
  readonly worth: number;
  /** Who has waited for longer counts as fal counts: this and a start is the longest anybody waits. */
  readonly patienceMs: number;
  /** How many runners are worth keeping now, used or not; Infinity while nothing speaks against any. */
  readonly kept: number;
  /** Requests at a time for which runners should stand ready although nobody calls yet. */
  readonly expected: number;
  /** When `kept` or `expected` next change by nothing but time, ms since the epoch; Infinity for never. */
  readonly changesAt: number;
}

/** Nobody waits for a busy runner for longer than this before a new one is started for it. */
export const MAX_PATIENCE_MS = 900_000;

/** The forecast for `runners` of an app. */
export function forecast(
  known: LearnedApp,
  spec: Pick<AppSpec, 'keep_alive' | 'max_multiplexing'>,
  runners: number,
  now: number,
  parts: AdaptiveParts = ALL_PARTS,
): Forecast {
  const service = serviceKnown(known);
  const keepAliveMs = spec.keep_alive * 1000;
  const worth = Math.max(LEAST_WORTH, Math.min(keepAliveMs, DEAREST_MS) / Math.max(1, known.startMs));
  return {
    parts,
    ...(service.from >= REQUESTS_TO_KNOW ? { serviceMs: service.ms * (1 + 1 / Math.sqrt(service.from)) } : {}),
    ...(known.starts > 0 ? { startMs: known.startMs } : {}),
    rate: known.rate * Math.exp(-(now - known.at) / RATE_FADES_MS),
    worth,
    patienceMs: Math.min(MAX_PATIENCE_MS, PATIENCE_STARTS * known.startMs),
    ...outlook(known, spec, START_WORTH * worth, runners, now),
  };
}

const REQUESTS_TO_KNOW = 3;
const LEAST_WORTH = 0.2;

/** A `keep_alive` beyond this says how long runners may stay, and no longer what a start is worth. */
const DEAREST_MS = 900_000;
const PATIENCE_STARTS = 2;

/** Idling for `keep_alive` spares a start only now and then: one that is spared for sure is worth more than that. */
const START_WORTH = 3;
const RATE_FADES_MS = 120_000;

function outlook(
  known: LearnedApp,
  spec: Pick<AppSpec, 'keep_alive' | 'max_multiplexing'>,
  worth: number,
  runners: number,
  now: number,
): Pick<Forecast, 'kept' | 'expected' | 'changesAt'> {
  const { kept, until } = keptOf(known, spec, worth, runners, now);
  const { expected, changesAt } = expectedOf(known, worth, now);
  return { kept, expected, changesAt: Math.min(until, changesAt) };
}

/** The runner that is nth in use is worth keeping while n requests at a time can be expected soon enough. */
function keptOf(
  known: LearnedApp,
  { keep_alive, max_multiplexing: slots }: Pick<AppSpec, 'keep_alive' | 'max_multiplexing'>,
  worth: number,
  runners: number,
  now: number,
): { readonly kept: number; readonly until: number } {
  const boundMs = keep_alive * 1000;
  const restart = known.startMs + worth * waitedPerStart(known);
  for (let nth = runners; nth > 0; nth -= 1) {
    const level = known.levels[levelOf((nth - 1) * slots + 1)];
    // Too little is known: it leaves after keep_alive, by itself.
    if (level === undefined || level.pauses.length < PAUSES_TO_KNOW) return { kept: nth, until: Infinity };
    const until = level.lastAt + worthwhileIdleMs(level.pauses, restart, boundMs);
    if (until > now) return { kept: nth, until };
  }
  return { kept: 0, until: Infinity };
}

/** Levels are looked at from few requests to many: more can't be expected where fewer are not. */
function expectedOf(
  { levels, startMs, starts }: LearnedApp,
  worth: number,
  now: number,
): { readonly expected: number; readonly changesAt: number } {
  let expected = 0;
  let changesAt = Infinity;
  if (starts === 0) return { expected, changesAt };
  for (let place = 0; place < levels.length; place += 1) {
    const level = levels[place];
    const window = level && expectedWindow(level.periods, worth * startMs, startMs);
    if (level === undefined || window === undefined) break;
    const from = level.wokeAt + window.fromMs - startMs;
    const until = level.wokeAt + window.untilMs;
    if (from > now) changesAt = Math.min(changesAt, from);
    if (from > now || until <= now) break;
    changesAt = Math.min(changesAt, until);
    expected = LEVELS[place] ?? expected;
  }
  return { expected, changesAt };
}
