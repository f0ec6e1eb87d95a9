import { rayDecision, rayDesired, rayServe, type RayState } from '../../../sim/peers/ray-serve';
import { Random } from '../../../sim/random';
import { change, PROFILE, view } from './view';

test.each([
  // 12 requests at 2 for each replica.
  [12, 2, 3, 1, 6],
  // Half of the step from 10 to 2 replicas.
  [4, 2, 10, 0.5, 6],
  // 2 + 0.1 · (1 − 2) rounds up to 2 again: one fewer.
  [2, 2, 2, 0.1, 1],
  [0, 2, 1, 1, 0],
])(
  'Ray wants for %d requests at %d each, of %d replicas at factor %d: %d',
  (ongoing, target, now, factor, expected) => {
    expect(rayDesired(ongoing, target, now, factor)).toBe(expected);
  },
);

function secondsUntilChange(from: number, desired: number): number {
  let state: RayState = { target: from, counter: 0 };
  for (let seconds = 1; ; seconds += 1) {
    state = rayDecision(state, desired, 600);
    if (state.target !== from) return seconds;
  }
}

test('Ray grows when that was wanted for more than 30 s, and shrinks for more than 600 s', () => {
  expect(secondsUntilChange(1, 4)).toBe(31);
  expect(secondsUntilChange(4, 2)).toBe(601);
});

test('Ray goes to zero only from one', () => {
  expect(rayDecision({ target: 4, counter: -600 }, 0, 600).target).toBe(1);
  expect(rayDecision({ target: 1, counter: -600 }, 0, 600).target).toBe(0);
});

test('Ray starts one replica from zero at once, whatever waits', () => {
  expect(
    change(
      rayServe()
        .scaler(PROFILE, new Random(1))
        .look(view({ waiting: 40 })),
    ),
  ).toBe(1);
});
