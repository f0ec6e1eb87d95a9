import { fal, falDesired } from '../../../sim/peers/fal';
import { Random } from '../../../sim/random';
import { readyRunner } from '../../support/records';
import { spec } from '../scenario';
import { change, PROFILE, SECOND, view } from './view';

const demand = { inProgress: 0, delayed: 0, slots: 1, buffer: 0, bufferPercent: 0, min: 0, max: 10 };

test.each([
  [{ inProgress: 2, delayed: 3 }, 5],
  [{ inProgress: 5, delayed: 4, slots: 4 }, 3],
  // 50 % of a demand of 6 is 3, more than the buffer of 2.
  [{ inProgress: 6, buffer: 2, bufferPercent: 50 }, 9],
  [{ buffer: 2, slots: 4, max: 6 }, 2],
  [{ min: 3, buffer: 2 }, 3],
  [{ inProgress: 40 }, 10],
])('fal wants for %j %d runners', (changes, expected) => {
  expect(falDesired({ ...demand, ...changes })).toBe(expected);
});

test('fal keeps an idle runner for keep_alive, and one that was never used for 10 s', () => {
  const scaler = fal(60).scaler(PROFILE, new Random(1));
  expect(scaler.retireAt(readyRunner(5 * SECOND))).toBe(65 * SECOND);
  expect(scaler.retireAt(readyRunner(5 * SECOND, { served: 0 }))).toBe(15 * SECOND);
  const kept = fal(60).scaler({ ...PROFILE, spec: spec({ min_concurrency: 1 }) }, new Random(1));
  expect(kept.retireAt(readyRunner(5 * SECOND, { served: 0 }))).toBe(65 * SECOND);
});

test('fal launches what is missing and never takes a runner away itself', () => {
  const scaler = fal(60).scaler(PROFILE, new Random(1));
  expect(change(scaler.look(view({ waiting: 3 })))).toBe(3);
  expect(change(scaler.look(view({ runners: [readyRunner(0)] })))).toBe(0);
});
