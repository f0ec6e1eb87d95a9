import fc from 'fast-check';
import { parseRetryConfig, RETRY_CONDITIONS, retriesLeft, retryDelay } from '../../../runtime/domain/retry';

describe('the delay before a retry', () => {
  it('never shrinks from one attempt to the next and stays between a second and a minute', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (charged) => {
        expect(retryDelay(charged)).toBeGreaterThanOrEqual(1_000);
        expect(retryDelay(charged)).toBeLessThanOrEqual(60_000);
        expect(retryDelay(charged + 1)).toBeGreaterThanOrEqual(retryDelay(charged));
      }),
    );
  });
});

describe('the retry configuration of a request or an app', () => {
  it('keeps whole numbers of retries under fal’s names', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RETRY_CONDITIONS), fc.nat(), (condition, retries) => {
        expect(parseRetryConfig({ [condition]: { retries } })).toEqual({ [condition]: retries });
      }),
    );
  });

  it('never fails on what a caller sends, and yields usable numbers only', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const retries of Object.values(parseRetryConfig(value) ?? {})) {
          expect(Number.isInteger(retries) && retries >= 0).toBe(true);
        }
      }),
    );
  });

  it.each([null, 'once', 3, ['server_error'], undefined])('is refused when it is no object: %j', (value) => {
    expect(parseRetryConfig(value)).toBeUndefined();
  });

  it('ignores unknown names, shorthand numbers and fractions, as fal does', () => {
    const config = {
      server_error: 3,
      timeout: { retries: 1.5 },
      connection_error: { retries: -1 },
      other: { retries: 1 },
    };
    expect(parseRetryConfig(config)).toEqual({});
  });
});

describe('retries left', () => {
  it('are without end for a condition that the policy does not name', () => {
    fc.assert(fc.property(fc.nat(), (spent) => retriesLeft({ timeout: 0 }, 'server_error', spent)));
  });

  it('end when as many were spent as the policy allows', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), (allowed, spent) => {
        expect(retriesLeft({ timeout: allowed }, 'timeout', spent)).toBe(spent < allowed);
      }),
    );
  });
});
