/**
 * What the controller learns about an app from what it sees at its looks: how long requests and starts take, how many
 * requests come, and how long fewer than n of them were there at a time. Small and serialisable, so that a controller
 * without memory of its own can keep it with the app.
 */
import { ratesLearned } from './request-rate';

export interface LearnedApp {
  /** When learning began, and the latest look; ms since the epoch. */
  readonly since: number;
  readonly at: number;
  readonly waiting: number;
  readonly inProgress: number;
  /** Requests begun, and the time they were worked on. Both are halved now and then: old ones count less. */
  readonly begun: number;
  readonly workedMs: number;
  /** Starts that were seen to succeed (up to `STARTS_KNOWN`), and how long they take in the mean. */
  readonly starts: number;
  readonly startMs: number;
  /** Time that requests waited, by starts in the same time (`startsSeen`, halved together with it). */
  readonly waitedMs: number;
  readonly startsSeen: number;
  /** Requests per millisecond, as `request-rate.ts` measures them. */
  readonly rates: readonly number[];
  /** By place in `LEVELS`. */
  readonly levels: readonly Level[];
}

/** What is known about at least n requests being there at a time. */
export interface Level {
  /** When that was so last, ms since the epoch. */
  readonly lastAt: number;
  /** When that was so again after a pause that a start fits into. */
  readonly wokeAt: number;
  /** How long it was not so in between, ms: the latest, `LATEST_KEPT` at the most. */
  readonly pauses: readonly number[];
  /** From one `wokeAt` to the next, ms: the latest. */
  readonly periods: readonly number[];
}

/** What is seen at a look. */
export interface Look {
  readonly now: number;
  readonly waiting: number;
  readonly inProgress: number;
  /** Requests begun since the look before. */
  readonly begun: number;
  /** How long those starts took that ended well since the look before, ms. */
  readonly startsMs: readonly number[];
}

/** Numbers of requests at a time that are told apart. */
export const LEVELS: readonly number[] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768];

export function nothingLearned(now: number): LearnedApp {
  return {
    since: now,
    at: now,
    waiting: 0,
    inProgress: 0,
    begun: 0,
    workedMs: 0,
    starts: 0,
    startMs: 0,
    waitedMs: 0,
    startsSeen: 0,
    rates: [],
    levels: [],
  };
}

/** What is known after a look. A look back in time teaches nothing. */
export function learned(before: LearnedApp, look: Look): LearnedApp {
  const passedMs = look.now - before.at;
  if (passedMs < 0) return before;
  const scale = before.begun > BEGUN_KNOWN ? 0.5 : 1;
  return {
    since: before.since,
    at: look.now,
    waiting: look.waiting,
    inProgress: look.inProgress,
    begun: scale * (before.begun + look.begun),
    workedMs: scale * (before.workedMs + before.inProgress * passedMs),
    ...startsLearned(before, look.startsMs),
    ...waitingLearned(before, look.startsMs.length, passedMs),
    rates: ratesLearned(before.rates, Math.max(0, look.begun + look.waiting - before.waiting), passedMs),
    levels: levelsLearned(before, look),
  };
}

/** How long a request takes in the mean, and from how many that is known. */
export function serviceKnown({ begun, workedMs, inProgress }: LearnedApp): {
  readonly ms: number;
  readonly from: number;
} {
  // Those in progress are half done in the mean.
  const from = begun - inProgress / 2;
  return from < 1 ? { ms: 0, from: 0 } : { ms: workedMs / from, from };
}

/** How long callers wait in sum for each start; at least as long as the start takes. */
export function waitedPerStart({ waitedMs, startsSeen, startMs }: LearnedApp): number {
  return Math.max(startMs, waitedMs / Math.max(1, startsSeen));
}

/** The place in `LEVELS` of the largest number that `count` reaches. */
export function levelOf(count: number): number {
  let place = 0;
  while (place + 1 < LEVELS.length && (LEVELS[place + 1] ?? 0) <= count) place += 1;
  return place;
}

/** Requests after which older ones count half. */
const BEGUN_KNOWN = 200;

/** A start counts for one in so many. */
const STARTS_KNOWN = 10;

/** Starts after which the waiting for older ones counts half. */
const STARTS_SEEN = 20;

function startsLearned(before: LearnedApp, startsMs: readonly number[]): Pick<LearnedApp, 'starts' | 'startMs'> {
  let { starts, startMs } = before;
  for (const ms of startsMs) {
    starts = Math.min(STARTS_KNOWN, starts + 1);
    startMs += (ms - startMs) / starts;
  }
  return { starts, startMs };
}

function waitingLearned(
  before: LearnedApp,
  starts: number,
  passedMs: number,
): Pick<LearnedApp, 'waitedMs' | 'startsSeen'> {
  const scale = before.startsSeen > STARTS_SEEN ? 0.5 : 1;
  return {
    waitedMs: scale * (before.waitedMs + before.waiting * passedMs),
    startsSeen: scale * (before.startsSeen + starts),
  };
}

/** Until now as many were there as at the look before; short ones that came and went in between were one at a time. */
function levelsLearned(before: LearnedApp, look: Look): readonly Level[] {
  const held = before.waiting + before.inProgress;
  const there = Math.max(look.waiting + look.inProgress, Math.min(1, look.begun));
  if (held === 0 && there === 0) return before.levels;
  const levels = [...before.levels];
  for (let place = 0; (LEVELS[place] ?? Infinity) <= Math.max(held, there); place += 1) {
    const count = LEVELS[place] ?? Infinity;
    const level = levels[place] ?? { lastAt: look.now, wokeAt: look.now, pauses: [], periods: [] };
    levels[place] =
      held < count && there >= count ? reached(level, look.now, before.startMs) : { ...level, lastAt: look.now };
  }
  return levels;
}

function reached(level: Level, now: number, startMs: number): Level {
  const pause = now - level.lastAt;
  if (pause <= 0) return level;
  const pauses = latest(level.pauses, pause);
  if (pause < Math.max(SHORTEST_PAUSE_MS, startMs)) return { ...level, lastAt: now, pauses };
  return { lastAt: now, wokeAt: now, pauses, periods: latest(level.periods, now - level.wokeAt) };
}

function latest(values: readonly number[], value: number): readonly number[] {
  return [...values.slice(1 - LATEST_KEPT), Math.round(value)];
}

/** Pauses and periods that a level remembers. */
export const LATEST_KEPT = 24;
const SHORTEST_PAUSE_MS = 30_000;
