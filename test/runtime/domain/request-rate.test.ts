import fc from 'fast-check';
import { rateAhead, ratesLearned } from '../../../runtime/domain/request-rate';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What is known after so many requests a minute, minute by minute. */
const after = (...perMinute: readonly number[]): readonly number[] =>
  perMinute.reduce<readonly number[]>((rates, arrived) => ratesLearned(rates, arrived, MINUTE), []);
const ahead = (rates: readonly number[], aheadMs: number, knownForMs = 10 * HOUR): number =>
  rateAhead(rates, { knownForMs, passedMs: 0, aheadMs }) * MINUTE;

test('a rate that has lasted for hours is expected to last', () => {
  const rates = after(...Array.from({ length: 600 }, () => 6));
  for (const aheadMs of [MINUTE, HOUR]) {
    // The requests of a minute are counted at its end, which a rate over two minutes shows as more.
    expect(ahead(rates, aheadMs)).toBeGreaterThan(5.5);
    expect(ahead(rates, aheadMs)).toBeLessThan(7.5);
  }
});

test('a burst of some minutes is expected to be over long before an hour is', () => {
  const rates = after(...Array.from({ length: 600 }, () => 0), 30, 30, 30);
  expect(ahead(rates, MINUTE)).toBeGreaterThan(20);
  expect(ahead(rates, HOUR)).toBeLessThan(5);
});

test('an app that is known for minutes is expected to go on as it began', () => {
  const rates = after(...Array.from({ length: 10 }, () => 6));
  expect(ahead(rates, HOUR, 10 * MINUTE)).toBeGreaterThan(5);
});

test('what is expected is never negative and falls while nothing comes', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { maxLength: 100 }), fc.nat(5 * HOUR), fc.nat(5 * HOUR), (perMinute, a, b) => {
      const rates = after(...perMinute);
      const soon = rateAhead(rates, { knownForMs: HOUR, passedMs: Math.min(a, b), aheadMs: HOUR });
      const later = rateAhead(rates, { knownForMs: HOUR, passedMs: Math.max(a, b), aheadMs: HOUR });
      expect(later).toBeGreaterThanOrEqual(0);
      expect(later).toBeLessThanOrEqual(soon + 1e-12);
    }),
  );
});
