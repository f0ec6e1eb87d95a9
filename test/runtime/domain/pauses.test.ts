import fc from 'fast-check';
import { expectedWindow, worthwhileIdleMs } from '../../../runtime/domain/pauses';

const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

describe('how long a runner is worth keeping through a pause', () => {
  it('is as long as the user allows while little is known', () => {
    expect(worthwhileIdleMs(times(3, 900_000), 300_000, 60_000)).toBe(60_000);
  });

  it('is nothing when every pause was much longer than a restart is worth', () => {
    expect(worthwhileIdleMs(times(10, 3_600_000), 300_000, 600_000)).toBe(0);
  });

  it('is as long as allowed when every pause was much shorter than a restart is worth', () => {
    expect(worthwhileIdleMs(times(10, 20_000), 300_000, 60_000)).toBe(60_000);
  });

  it('ends after the short pauses where the others are too long to bridge', () => {
    const pauses = [...times(12, 10_000), ...times(12, 7_200_000)];
    const kept = worthwhileIdleMs(pauses, 100_000, 600_000);
    expect(kept).toBeGreaterThanOrEqual(10_000);
    expect(kept).toBeLessThan(600_000);
  });

  it('is never longer than allowed and never negative', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000_000), { maxLength: 24 }), fc.nat(2_000_000), fc.nat(2_000_000), (...known) => {
        const [pauses, restart, bound] = known;
        const kept = worthwhileIdleMs(pauses, restart, bound);
        expect(kept).toBeGreaterThanOrEqual(0);
        expect(kept).toBeLessThanOrEqual(bound);
      }),
    );
  });
});

describe('the time in which a runner stands ready ahead of a call', () => {
  it('is around the next call of an app that is called every hour', () => {
    const window = expectedWindow(times(6, 3_600_000), 300_000, 300_000);
    expect(window?.fromMs).toBeLessThan(3_600_000);
    expect(window?.fromMs).toBeGreaterThan(3_500_000);
    expect(window?.untilMs).toBeGreaterThan(3_600_000);
  });

  it('is none where the next call may come at any time', () => {
    const periods = Array.from({ length: 20 }, (_, index) => 600_000 * (index + 1));
    expect(expectedWindow(periods, 300_000, 300_000)).toBeUndefined();
  });

  it('is none while little is known', () => {
    expect(expectedWindow(times(3, 3_600_000), 300_000, 300_000)).toBeUndefined();
  });
});
