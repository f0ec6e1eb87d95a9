import {
  queueDelayDesired,
  requestCountDesired,
  runpodQueueDelay,
  runpodRequestCount,
} from '../../../sim/peers/runpod';
import { Random } from '../../../sim/random';
import { readyRunner } from '../../support/records';
import { change, PROFILE, SECOND, startingRunners, view } from './view';

test.each([
  [0, 4, 0],
  [1, 4, 1],
  [9, 4, 3],
  [9, 1, 9],
])('request count: %d requests at a scaler value of %d want %d workers', (requests, value, expected) => {
  expect(requestCountDesired(requests, value)).toBe(expected);
});

test('queue delay: only requests that waited for more than 4 s count', () => {
  expect(queueDelayDesired(3, 0, 1)).toBe(0);
  expect(queueDelayDesired(3, 2, 1)).toBe(5);
  const scaler = runpodQueueDelay().scaler(PROFILE, new Random(1));
  const waiting = { waiting: 5, waitingSince: (time: number) => (time >= 6 * SECOND ? 2 : 0) };
  expect(change(scaler.look(view({ now: 9 * SECOND, ...waiting })))).toBe(0);
  expect(change(scaler.look(view({ now: 10 * SECOND, ...waiting })))).toBe(2);
});

test('workers that start count, and idle ones leave after 5 s', () => {
  const scaler = runpodRequestCount(1).scaler(PROFILE, new Random(1));
  expect(change(scaler.look(view({ waiting: 3, runners: startingRunners(2) })))).toBe(1);
  expect(scaler.retireAt(readyRunner(10 * SECOND))).toBe(15 * SECOND);
});
