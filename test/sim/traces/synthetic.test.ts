import { Random } from '../../../sim/random';
import { merged } from '../../../sim/trace';
import {
  bursts,
  constantService,
  diurnal,
  exponentialService,
  flashCrowd,
  heavyTailedService,
  onceADay,
  poisson,
  regular,
} from '../../../sim/traces/synthetic';

const DAY_S = 86_400;
const app = { app: 'a', durationS: 20 * DAY_S, service: constantService(2) };
const random = (): Random => new Random(5);

/** The share of the requests that arrive in that part of each day. */
function shareOfDay(arrivalMs: Float64Array, fromS: number, untilS: number): number {
  const within = arrivalMs.filter((at) => (at / 1000) % DAY_S >= fromS && (at / 1000) % DAY_S < untilS);
  return within.length / arrivalMs.length;
}

test('Poisson: the rate, and distances whose deviation is their mean', () => {
  const { arrivalMs } = poisson(app, 0.02, random());
  expect(arrivalMs.length / (0.02 * app.durationS)).toBeCloseTo(1, 1);
  const distances = Array.from(arrivalMs.slice(1), (at, index) => at - (arrivalMs[index] ?? 0));
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
  const variance = distances.reduce((sum, distance) => sum + (distance - mean) ** 2, 0) / distances.length;
  expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
});

test('regular: even distances', () => {
  expect([...regular({ ...app, durationS: 40 }, 10, random()).arrivalMs]).toEqual([0, 10_000, 20_000, 30_000]);
});

test('diurnal: half of the day has nine tenths of the calls, midday most of all', () => {
  const { arrivalMs } = diurnal(app, 0.02, random());
  // 1/2 + 1/π
  expect(shareOfDay(arrivalMs, DAY_S / 4, (3 * DAY_S) / 4)).toBeCloseTo(0.818, 1);
});

test('once a day: a batch a day, about its hour', () => {
  const { arrivalMs } = onceADay(app, { atS: 3600 * 9, size: 50, jitterS: 60 }, random());
  expect(arrivalMs.length).toBe(20 * 50);
  expect(shareOfDay(arrivalMs, 3600 * 8.5, 3600 * 9.5)).toBe(1);
});

test('bursts: most requests follow another within the spread', () => {
  const { arrivalMs } = bursts(app, { everyS: 7200, size: 20, spreadS: 30 }, random());
  const close = arrivalMs.slice(1).filter((at, index) => at - (arrivalMs[index] ?? 0) <= 30_000);
  expect(close.length / arrivalMs.length).toBeGreaterThan(0.9);
});

test('flash crowd: many times the calls right after it began', () => {
  const crowd = { perSecond: 0.01, atS: 43_200, peak: 100, halfLifeS: 1800 };
  const { arrivalMs } = flashCrowd({ ...app, durationS: DAY_S }, crowd, random());
  const before = arrivalMs.filter((at) => at < 43_200_000).length;
  const after = arrivalMs.filter((at) => at >= 43_200_000 && at < 46_800_000).length;
  expect(after).toBeGreaterThan(3 * before);
});

test('heavy-tailed service: the longest hundredth takes a large part of the time', () => {
  const part = (service: typeof app.service): number => {
    const sorted = poisson({ ...app, service }, 0.02, random()).serviceMs.sort();
    const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
    return sum(sorted.slice(Math.floor(0.99 * sorted.length))) / sum(sorted);
  };
  expect(part(heavyTailedService(10))).toBeGreaterThan(2 * part(exponentialService(10)));
});

test('a seed gives the same trace again, and traces can be joined', () => {
  const trace = poisson(app, 0.001, random());
  expect(poisson(app, 0.001, random())).toEqual(trace);
  const other = poisson({ ...app, app: 'b' }, 0.001, new Random(6));
  const both = merged([trace, other]);
  expect(both.app.length).toBe(trace.app.length + other.app.length);
  expect([...both.arrivalMs]).toEqual([...both.arrivalMs].sort((a, b) => a - b));
  expect([...both.apps].sort()).toEqual(['a', 'b']);
});
