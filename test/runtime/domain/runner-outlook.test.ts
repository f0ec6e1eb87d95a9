import fc from 'fast-check';
import { nothingLearned, type LearnedApp, type Level } from '../../../runtime/domain/learned-app';
import { outlook, type OutlookTerms } from '../../../runtime/domain/runner-outlook';

const NOW = 100_000_000;
const TERMS: OutlookTerms = { keepAliveMs: 60_000, slots: 1, worth: 1 };

const level = (idleMs: number, ...pauses: readonly number[]): Level => ({
  lastAt: NOW - idleMs,
  wokeAt: NOW - idleMs,
  pauses,
  periods: [],
});
const knowing = (levels: readonly Level[], changes: Partial<LearnedApp> = {}): LearnedApp => ({
  ...nothingLearned(0),
  ...{ at: NOW, starts: 3, startMs: 300_000, begun: 10, workedMs: 100_000, levels },
  ...changes,
});

test('the first runner is always kept: it leaves by itself after keep_alive', () => {
  expect(outlook(knowing([level(9_000_000, 1, 1, 1, 1)]), TERMS, 1, NOW).kept).toBe(1);
});

test('keep_alive of a further runner counts from when so many were last needed', () => {
  expect(outlook(knowing([level(0), level(59_000)]), TERMS, 2, NOW)).toMatchObject({ kept: 2, changesAt: NOW + 1_000 });
  expect(outlook(knowing([level(0), level(61_000)]), TERMS, 2, NOW).kept).toBe(1);
});

test('a further runner leaves sooner where its pauses are never as short as that', () => {
  const hours = [3_600_000, 3_600_000, 3_600_000, 3_600_000, 3_600_000];
  expect(outlook(knowing([level(0), level(1_000, ...hours)]), TERMS, 2, NOW).kept).toBe(1);
});

test('a runner stays on where the next call comes sooner than a start takes', () => {
  const often = [100_000, 110_000, 120_000, 100_000, 90_000];
  expect(outlook(knowing([level(70_000, ...often)]), TERMS, 1, NOW).staying).toBe(1);
  expect(outlook(knowing([level(70_000, ...often.slice(2))]), TERMS, 1, NOW).staying).toBe(0);
  expect(outlook(knowing([level(70_000, ...often.map((ms) => 50 * ms))]), TERMS, 1, NOW).staying).toBe(0);
});

test('a further runner stays on, too, where so many are needed again and again', () => {
  const levels = [level(0), level(70_000, 100_000, 100_000, 100_000, 100_000, 100_000)];
  expect(outlook(knowing(levels), TERMS, 2, NOW).staying).toBe(2);
});

test('nobody stays on for longer than a start takes, and none stays while nothing is known', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1_000_000), { maxLength: 24 }),
      fc.nat(4_000_000),
      fc.nat(1_000_000),
      fc.integer({ min: 0, max: 3_600_000 }),
      (pauses, idleMs, startMs, keepAliveMs) => {
        const { staying } = outlook(
          knowing([level(idleMs, ...pauses)], { startMs }),
          { ...TERMS, keepAliveMs },
          1,
          NOW,
        );
        if (idleMs >= Math.max(keepAliveMs, startMs) || pauses.length < 4) expect(staying).toBe(0);
      },
    ),
  );
});
