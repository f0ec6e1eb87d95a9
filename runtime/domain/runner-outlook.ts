/** Which runners the calls of an app make worth having, though nobody calls now: until when, and from when. */
import { levelOf, LEVELS, waitedPerStart, type Level, type LearnedApp } from './learned-app';
import { expectedWindow, PAUSES_TO_KNOW, worthwhileIdleMs } from './pauses';

export interface Outlook {
  /** How many runners are worth keeping within `keep_alive`, used or not; the first always is. */
  readonly kept: number;
  /** How many should stay beyond `keep_alive`: starting them anew would cost more GPU time. */
  readonly staying: number;
  /** Requests at a time for which runners should stand ready although nobody calls yet. */
  readonly expected: number;
  /** When any of these next changes by nothing but time, ms since the epoch; Infinity for never. */
  readonly changesAt: number;
}

/** What settings make of it. */
export interface OutlookTerms {
  readonly keepAliveMs: number;
  /** Requests that a runner takes at a time. */
  readonly slots: number;
  /** Milliseconds of GPU time that a caller's millisecond of waiting for a start is worth. */
  readonly worth: number;
}

/** The outlook for an app with so many READY runners. */
export function outlook(known: LearnedApp, terms: OutlookTerms, runners: number, now: number): Outlook {
  const kept = last(runners, now, (nth) => keptUntil(known, terms, nth));
  const staying = last(runners, now, (nth) => stayingUntil(known, terms, nth));
  const { expected, changesAt } = expectedOf(known, terms.worth, now);
  return {
    kept: kept.count,
    staying: staying.count,
    expected,
    changesAt: Math.min(kept.until, staying.until, changesAt),
  };
}

interface Counted {
  readonly count: number;
  /** Until when it holds. */
  readonly until: number;
}

/** The last of the runners that is worth it, and with it those before. */
function last(runners: number, now: number, untilOf: (nth: number) => number): Counted {
  for (let count = runners; count > 0; count -= 1) {
    const until = untilOf(count);
    if (until > now) return { count, until };
  }
  return { count: 0, until: Infinity };
}

/**
 * A doorbell that wakes runners at random keeps all of them in use, so that none is idle for `keep_alive`. The nth is needed
 * while n at a time are: from when that was so last, its time counts. The first leaves by itself.
 */
function keptUntil(known: LearnedApp, { keepAliveMs, slots, worth }: OutlookTerms, nth: number): number {
  const level = levelFor(known, nth, slots);
  if (nth === 1 || level === undefined) return Infinity;
  if (level.pauses.length < PAUSES_TO_KNOW) return level.lastAt + keepAliveMs;
  return level.lastAt + worthwhileIdleMs(level.pauses, known.startMs + worth * waitedPerStart(known), keepAliveMs);
}

/**
 * Leaving burns GPU time where so many are needed again before a start would have cost less: a runner stays for as long as a
 * start takes at the most, also one that nobody used yet. Otherwise a queue that busy runners just manage to serve would
 * start one again and again, in vain.
 */
function stayingUntil(known: LearnedApp, { slots }: OutlookTerms, nth: number): number {
  const { startMs, starts } = known;
  const level = levelFor(known, nth, slots);
  if (starts === 0 || level === undefined || level.pauses.length < PAUSES_TO_KNOW) return 0;
  return level.lastAt + worthwhileIdleMs(level.pauses, startMs, startMs);
}

function levelFor({ levels }: LearnedApp, nth: number, slots: number): Level | undefined {
  return levels[levelOf((nth - 1) * slots + 1)];
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
