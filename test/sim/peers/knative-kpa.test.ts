import { knativeKpa, kpaDesired, type KpaInput } from '../../../sim/peers/knative-kpa';
import { Random } from '../../../sim/random';
import { change, idleRunners, PROFILE, SECOND, view } from './view';

const input: KpaInput = { now: 0, stable: 0, panic: 0, concurrency: 1, ready: 1, panicking: undefined };

test.each([
  // 3 requests over 70 % of 1: 4.28 pods; 4 ready, so 5/4 is no panic.
  [{ stable: 3, panic: 3, ready: 4 }, 5],
  // 100 at a time: a target of 70.
  [{ stable: 140, panic: 140, ready: 2, concurrency: 100 }, 2],
  // Down at most by half: 10 ready become 5.
  [{ stable: 0.5, panic: 0.5, ready: 10 }, 5],
  [{ stable: 0, panic: 0, ready: 1 }, 0],
])('Knative wants for %j %d pods', (changes, pods) => {
  expect(kpaDesired({ ...input, ...changes })).toEqual({ pods, panicking: undefined });
});

test('twice the capacity in the panic window is panic, in which nothing shrinks', () => {
  // 7 / 0.7 = 10 pods for 2 ready ones: panic.
  const first = kpaDesired({ ...input, now: 100 * SECOND, stable: 1, panic: 7, ready: 2 });
  expect(first).toEqual({ pods: 10, panicking: { since: 100 * SECOND, pods: 10 } });
  const calm = { ...input, stable: 1, panic: 1, ready: 10, panicking: first.panicking };
  expect(kpaDesired({ ...calm, now: 160 * SECOND }).pods).toBe(10);
  expect(kpaDesired({ ...calm, now: 162 * SECOND })).toEqual({ pods: 5, panicking: undefined });
});

test('the last pod goes 30 s after the stable window was empty', () => {
  const scaler = knativeKpa().scaler(PROFILE, new Random(1));
  for (let now = 0; now < 30 * SECOND; now += 2 * SECOND) {
    expect(change(scaler.look(view({ now, runners: idleRunners(1) })))).toBe(0);
  }
  expect(change(scaler.look(view({ now: 30 * SECOND, runners: idleRunners(1) })))).toBe(-1);
});
