import { beta9, beta9Desired } from '../../../sim/peers/beta9';
import { Random } from '../../../sim/random';
import { runnerRecord } from '../../support/records';
import { change, idleRunners, PROFILE, SECOND, startingRunners, view } from './view';

const scaler = (): ReturnType<ReturnType<typeof beta9>['scaler']> => beta9().scaler(PROFILE, new Random(1));

test.each([
  [0, 1, 0, 10, 0],
  [7, 3, 0, 10, 3],
  [50, 1, 0, 10, 10],
  [0, 1, 2, 10, 2],
])('beta9 wants for %d tasks, %d a container, between %d and %d: %d', (tasks, slots, min, max, expected) => {
  expect(beta9Desired(tasks, slots, min, max)).toBe(expected);
});

test('beta9 counts containers that start', () => {
  expect(change(scaler().look(view({ waiting: 5, runners: startingRunners(2) })))).toBe(3);
});

test('beta9 stops a container when its keep-warm key has expired after 180 s, not before', () => {
  const warm = scaler();
  expect(change(warm.look(view({ now: 179 * SECOND, runners: idleRunners(2) })))).toBe(0);
  expect(warm.nextLook(view())).toBe(180 * SECOND);
  expect(change(warm.look(view({ now: 180 * SECOND, runners: idleRunners(2) })))).toBe(-2);
});

test('beta9 stops no container with work', () => {
  const runners = idleRunners(2, { inFlight: 1, state: 'RUNNING' });
  expect(change(scaler().look(view({ now: 500 * SECOND, inProgress: 1, runners })))).toBe(0);
});

test('beta9 wants nothing for 60 s after three containers failed', () => {
  const runners = [1, 2, 3].map((at) =>
    runnerRecord({ id: String(at), state: 'TERMINATED', exit: 'startup_failed', stateSince: at * SECOND }),
  );
  const broken = scaler();
  expect(change(broken.look(view({ now: 10 * SECOND, waiting: 1, runners })))).toBe(0);
  expect(broken.nextLook(view())).toBe(61 * SECOND);
  expect(change(broken.look(view({ now: 61 * SECOND, waiting: 1, runners })))).toBe(1);
});
