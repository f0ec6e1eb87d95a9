import { clairvoyantGpuHours, workGpuHours } from '../../sim/clairvoyant';
import { replay } from '../../sim/replay';
import { requests } from './scenario';

const HOUR_S = 3600;

test('a clairvoyant bridges a pause that is shorter than a start, and starts again after a longer one', () => {
  expect(clairvoyantGpuHours(requests([0, 10], [100, 10]), 300) * HOUR_S).toBeCloseTo(300 + 10 + 90 + 10);
  expect(clairvoyantGpuHours(requests([0, 10], [1000, 10]), 300) * HOUR_S).toBeCloseTo(2 * (300 + 10));
});

test('requests at one time need a runner each', () => {
  expect(clairvoyantGpuHours(requests([0, 100], [50, 100]), 300) * HOUR_S).toBeCloseTo(2 * (300 + 100));
});

test('apps share nothing', () => {
  expect(clairvoyantGpuHours(requests([0, 10, 'a'], [20, 10, 'b']), 300) * HOUR_S).toBeCloseTo(2 * 310);
});

test('work is what requests take', () => {
  expect(workGpuHours(requests([0, 10], [0, 26])) * HOUR_S).toBeCloseTo(36);
});

test('a replay says what waiting and idling a clairvoyant had spared', () => {
  const { row, boundGpuHours, regretGpuHours, regretWaitHours } = replay(requests([0, 10], [2000, 10]), {
    startSeconds: 300,
    spec: { keep_alive: 60 },
  });
  expect(row.starts).toBe(2);
  expect(boundGpuHours * HOUR_S).toBeCloseTo(620);
  expect(regretGpuHours * HOUR_S).toBeCloseTo(120, 0);
  expect(regretWaitHours * HOUR_S).toBeCloseTo(600);
});
