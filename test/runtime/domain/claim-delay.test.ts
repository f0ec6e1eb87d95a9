import fc from 'fast-check';
import { claimDelay, MAX_CLAIM_DELAY_MS } from '../../../runtime/domain/claim-delay';

const idleTimes = (): fc.Arbitrary<number> => fc.nat(7 * 24 * 3_600_000);

describe('the delay before an agent claims', () => {
  it('is longer for a runner that has been idle longer', () => {
    fc.assert(
      fc.property(idleTimes(), idleTimes(), fc.integer({ min: 2, max: 1000 }), (a, b, runners) => {
        fc.pre(a < b);
        expect(claimDelay(a, runners)).toBeLessThan(claimDelay(b, runners));
      }),
    );
  });

  it('never exceeds its bound', () => {
    fc.assert(
      fc.property(idleTimes(), fc.nat(1000), (idle, runners) => {
        expect(claimDelay(idle, runners)).toBeGreaterThanOrEqual(0);
        expect(claimDelay(idle, runners)).toBeLessThan(MAX_CLAIM_DELAY_MS);
      }),
    );
  });

  it('is none for the only ready runner and for one that has just worked', () => {
    expect(claimDelay(60_000, 1)).toBe(0);
    expect(claimDelay(0, 5)).toBe(0);
    expect(claimDelay(-20, 5)).toBe(0);
  });
});
