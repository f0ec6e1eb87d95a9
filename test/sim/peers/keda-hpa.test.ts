import { hpaRecommendation, hpaScaleUpLimit, kedaHpa } from '../../../sim/peers/keda-hpa';
import { Random } from '../../../sim/random';
import { change, idleRunners, PROFILE, SECOND, view } from './view';

test.each([
  // 25 messages are 5 pods of 5 messages.
  [25, 5, 2, 5],
  // 21 for 4 pods of 5 are 5 % too many: within the tolerance of 10 %.
  [21, 5, 4, 4],
  // 23 are 15 % too many.
  [23, 5, 4, 5],
  [0, 5, 3, 0],
])('with %d messages at %d each, %d pods become %d', (messages, queueLength, replicas, expected) => {
  expect(hpaRecommendation(messages, queueLength, replicas)).toBe(expected);
});

test('a period at most doubles the pods or adds four', () => {
  expect([1, 4, 10].map(hpaScaleUpLimit)).toEqual([5, 8, 20]);
});

const scaler = (): ReturnType<ReturnType<typeof kedaHpa>['scaler']> => kedaHpa().scaler(PROFILE, new Random(1));

test('KEDA starts one pod from zero, and only when it polls', () => {
  expect(change(scaler().look(view({ now: 15 * SECOND, waiting: 100 })))).toBe(0);
  expect(change(scaler().look(view({ now: 30 * SECOND, waiting: 100 })))).toBe(1);
});

test('a recommendation of the last 300 s keeps pods', () => {
  const steady = scaler();
  steady.look(view({ now: 30 * SECOND, waiting: 25, runners: idleRunners(5) }));
  expect(change(steady.look(view({ now: 315 * SECOND, waiting: 5, runners: idleRunners(5) })))).toBe(0);
  expect(change(steady.look(view({ now: 345 * SECOND, waiting: 5, runners: idleRunners(5) })))).toBe(-4);
});

test('the last pod goes when the queue has been empty for more than cooldownPeriod', () => {
  const emptied = scaler();
  emptied.look(view({ now: 30 * SECOND, waiting: 1, runners: idleRunners(1) }));
  expect(change(emptied.look(view({ now: 330 * SECOND, runners: idleRunners(1) })))).toBe(0);
  expect(change(emptied.look(view({ now: 360 * SECOND, runners: idleRunners(1) })))).toBe(-1);
});
