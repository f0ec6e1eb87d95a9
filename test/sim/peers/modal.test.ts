import { modal, modalDesired } from '../../../sim/peers/modal';
import { Random } from '../../../sim/random';
import { readyRunner } from '../../support/records';
import { PROFILE, SECOND } from './view';

test.each([
  [0, 1, 2, 0, 0],
  [5, 2, 0, 0, 3],
  [5, 2, 2, 0, 5],
  [0, 1, 0, 4, 4],
])('Modal wants for %d inputs at %d each, a buffer of %d and a minimum of %d: %d', (inputs, target, buffer, min, n) => {
  expect(modalDesired(inputs, target, buffer, min)).toBe(n);
});

test('an idle container leaves after scaledown_window, used or not', () => {
  const scaler = modal(60).scaler(PROFILE, new Random(1));
  expect(scaler.retireAt(readyRunner(SECOND))).toBe(61 * SECOND);
  expect(scaler.retireAt(readyRunner(SECOND, { served: 0 }))).toBe(61 * SECOND);
});
