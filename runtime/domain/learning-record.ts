/** What was learned about an app as a stored record: small, versioned, and read with distrust. */
import type { Counted } from './app-look';
import { LATEST_KEPT, LEVELS, type LearnedApp, type Level } from './learned-app';

/** Learned state of one app, and where it stands with the app's records. */
export interface Learning extends Counted {
  readonly known: LearnedApp;
}

export interface LearningRecord extends Learning {
  readonly version: typeof VERSION;
}

/** Raised when what is learned changes its meaning; a record of another version is not read. */
const VERSION = 1;

/** What lies longer ago says nothing any more. */
const FORGOTTEN_AFTER_MS = 30 * 86_400_000;

export function learningRecord(learning: Learning): LearningRecord {
  return { version: VERSION, ...learning };
}

/** `undefined` for a record that is of another version, too old or damaged: the app is learned anew. */
export function learningOf(record: unknown, now: number): Learning | undefined {
  if (!isRecord(record) || record.version !== VERSION) return undefined;
  const { at, taken, known } = record;
  if (!isCount(at) || at > now || now - at > FORGOTTEN_AFTER_MS || !isCount(taken) || !isKnown(known)) return undefined;
  return { at, taken, known };
}

function isKnown(known: unknown): known is LearnedApp {
  if (!isRecord(known)) return false;
  const { rates, levels } = known;
  return (
    NUMBERS.every((name) => isCount(known[name])) &&
    areCounts(rates, 3) &&
    Array.isArray(levels) &&
    levels.length <= LEVELS.length &&
    levels.every(isLevel)
  );
}

const NUMBERS = [
  'since',
  'at',
  'waiting',
  'inProgress',
  'begun',
  'workedMs',
  'starts',
  'startMs',
  'waitedMs',
  'startsSeen',
] as const satisfies readonly (keyof LearnedApp)[];

function isLevel(level: unknown): level is Level {
  if (!isRecord(level)) return false;
  const { lastAt, wokeAt, pauses, periods } = level;
  return isCount(lastAt) && isCount(wokeAt) && areCounts(pauses, LATEST_KEPT) && areCounts(periods, LATEST_KEPT);
}

function areCounts(values: unknown, most: number): boolean {
  return Array.isArray(values) && values.length <= most && values.every(isCount);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
