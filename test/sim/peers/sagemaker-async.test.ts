import { alarmMinutes, sagemakerAsync, sagemakerDesired } from '../../../sim/peers/sagemaker-async';
import { Random } from '../../../sim/random';
import { change, idleRunners, PROFILE, SECOND, view } from './view';

const none = { withoutCapacity: 0, high: 0, low: 0 };

test('the alarms count minutes in a row', () => {
  expect(alarmMinutes(none, 3, 0, 5)).toEqual({ withoutCapacity: 1, high: 0, low: 0 });
  // 12 for 2 instances are 6 each, above 5; 8 are 4 each, below 4.5; 9 are neither.
  expect(alarmMinutes({ ...none, high: 2 }, 12, 2, 5)).toEqual({ withoutCapacity: 0, high: 3, low: 0 });
  expect(alarmMinutes({ ...none, high: 2, low: 3 }, 8, 2, 5)).toEqual({ withoutCapacity: 0, high: 0, low: 4 });
  expect(alarmMinutes({ ...none, high: 2, low: 3 }, 9, 2, 5)).toEqual(none);
});

test.each([
  [{ ...none, withoutCapacity: 1 }, 40, 0, 0],
  [{ ...none, withoutCapacity: 2 }, 40, 0, 1],
  [{ ...none, high: 2 }, 40, 2, 2],
  [{ ...none, high: 3 }, 40, 2, 8],
  [{ ...none, low: 14 }, 3, 2, 2],
  [{ ...none, low: 15 }, 3, 2, 1],
  [{ ...none, low: 15 }, 0, 2, 0],
])('after alarms of %j with a backlog of %d, %d instances become %d', (minutes, backlog, instances, expected) => {
  expect(sagemakerDesired(minutes, backlog, instances, 5)).toBe(expected);
});

test('an instance started from zero is not joined by another within the cooldown of 300 s', () => {
  const scaler = sagemakerAsync().scaler(PROFILE, new Random(1));
  const look = (minute: number, count: number): number =>
    change(scaler.look(view({ now: 60 * SECOND * minute, waiting: 50, runners: idleRunners(count) })));
  expect([look(1, 0), look(2, 0)]).toEqual([0, 1]);
  expect([3, 4, 5, 6].map((minute) => look(minute, 1))).toEqual([0, 0, 0, 0]);
  expect(look(7, 1)).toBe(9);
});
