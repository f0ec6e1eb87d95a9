import { skyServe, skyServeDecision, skyServeWanted, type Hysteresis } from '../../../sim/peers/skyserve';
import { Random } from '../../../sim/random';
import { change, PROFILE, SECOND, view } from './view';

test.each([
  // 90 requests a minute are 1.5 a second: 3 replicas of half a request a second.
  [90, 0.5, 0, 10, 3],
  [91, 0.5, 0, 10, 4],
  [0, 0.5, 0, 10, 0],
  [9000, 0.5, 0, 10, 10],
])('SkyServe wants for %d requests at %d a second, between %d and %d: %d', (requests, qps, min, max, expected) => {
  expect(skyServeWanted(requests, qps, min, max)).toBe(expected);
});

function decisionsUntilChange(wanted: number): number {
  let state: Hysteresis = { target: 2, up: 0, down: 0 };
  for (let decisions = 1; ; decisions += 1) {
    state = skyServeDecision(state, wanted);
    if (state.target === wanted) return decisions;
  }
}

test('SkyServe grows after 15 decisions in a row (300 s) and shrinks after 60 (1200 s)', () => {
  expect(decisionsUntilChange(5)).toBe(15);
  expect(decisionsUntilChange(1)).toBe(60);
});

test('a decision to the contrary begins the count anew', () => {
  expect(skyServeDecision({ target: 2, up: 14, down: 0 }, 2)).toEqual({ target: 2, up: 0, down: 0 });
});

test('SkyServe grows from zero at once', () => {
  const scaler = skyServe(0.7).scaler(PROFILE, new Random(1));
  // 0.07 requests a second for each replica; 9 in the last minute are 0.15 a second.
  expect(change(scaler.look(view({ now: 5 * SECOND, waiting: 9, arrivals: 9 })))).toBe(3);
});
