import {
  capacityProviderReservation,
  ecsQueueProcessing,
  MACHINES_FROM_ZERO,
  stepChange,
} from '../../../sim/peers/ecs-queue-processing';
import { Random } from '../../../sim/random';
import { change, idleRunners, PROFILE, view } from './view';

test.each([
  [0, -1],
  [1, 0],
  [99, 0],
  [100, 1],
  [499, 1],
  [500, 5],
])('%d visible messages change the tasks by %d', (visible, expected) => {
  expect(stepChange(visible)).toBe(expected);
});

test('a task is taken away although requests are in progress, down to the minimum of one', () => {
  const scaler = ecsQueueProcessing().scaler(PROFILE, new Random(1));
  expect(change(scaler.look(view({ inProgress: 2, runners: idleRunners(2) })))).toBe(-1);
  expect(change(scaler.look(view({ runners: idleRunners(1) })))).toBe(0);
});

test('from zero, requests below a hundred start nothing', () => {
  const scaler = ecsQueueProcessing(0).scaler(PROFILE, new Random(1));
  expect(change(scaler.look(view({ waiting: 99 })))).toBe(0);
});

test('the reservation of a capacity provider is needed over running, 200 from zero', () => {
  expect(capacityProviderReservation(0, 0)).toBe(100);
  expect(capacityProviderReservation(1, 0)).toBe(200);
  expect(capacityProviderReservation(3, 4)).toBe(75);
  expect(MACHINES_FROM_ZERO).toBe(2);
});
