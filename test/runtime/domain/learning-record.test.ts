import fc from 'fast-check';
import { LATEST_KEPT, LEVELS, nothingLearned } from '../../../runtime/domain/learned-app';
import { learningOf, learningRecord, type Learning } from '../../../runtime/domain/learning-record';

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;

const level = { lastAt: NOW - 1, wokeAt: NOW - 2, pauses: [5], periods: [7] };
const learning: Learning = { at: NOW, taken: 3, known: { ...nothingLearned(NOW), rates: [1, 2, 3], levels: [level] } };
const stored = (change: object = {}): unknown => JSON.parse(JSON.stringify({ ...learningRecord(learning), ...change }));

test('what was stored is read back', () => {
  expect(learningOf(stored(), NOW + DAY)).toEqual(learning);
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['a text', 'known'],
  ['another version', stored({ version: 2 })],
  ['a record of the future', stored({ at: NOW + 2 * DAY })],
  ['a record of long ago', stored({ at: NOW - 31 * DAY })],
  ['a record without what is known', stored({ known: {} })],
  ['a number that is none', stored({ known: { ...learning.known, startMs: 'long' } })],
  ['a time below zero', stored({ known: { ...learning.known, workedMs: -1 } })],
  ['a level without its pauses', stored({ known: { ...learning.known, levels: [{ ...level, pauses: undefined }] } })],
  [
    'more pauses than are kept',
    stored({ known: { ...learning.known, levels: [{ ...level, pauses: Array(99).fill(1) }] } }),
  ],
])('%s is not taken for something learned', (_what, record) => {
  expect(learningOf(record, NOW)).toBeUndefined();
});

test('no JSON breaks reading', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('at', 'taken', 'known'), (value, field) => {
      const read = learningOf(stored({ [field]: value }), NOW);
      if (read !== undefined) expect(Object.keys(read)).toEqual(['at', 'taken', 'known']);
    }),
  );
});

test('the largest record stays below 20 KB as JSON', () => {
  const full = {
    lastAt: NOW,
    wokeAt: NOW,
    pauses: Array(LATEST_KEPT).fill(30 * DAY),
    periods: Array(LATEST_KEPT).fill(30 * DAY),
  };
  const known = { ...learning.known, levels: LEVELS.map(() => full) };
  expect(JSON.stringify(learningRecord({ ...learning, known })).length).toBeLessThan(20_000);
});
