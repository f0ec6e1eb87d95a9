import fc from 'fast-check';
import { BACK_OFF_MAX_MS, startBackOff, unavailable } from '../../../runtime/domain/start-back-off';
import { readyRunner, runnerRecord } from '../../support/records';
import type { RunnerRecord } from '../../../runtime/domain/runner';

const NOW = 10_000_000;

function failed(at: number, changes: Partial<RunnerRecord> = {}): RunnerRecord {
  const exit = { exit: 'startup_failed' as const, exitReason: 'setup() raised ValueError' };
  return runnerRecord({ state: 'TERMINATED', stateSince: at, ...exit, ...changes });
}

describe('the delay before the next start', () => {
  it('grows by 30 s with each failed start in a row, up to ten minutes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), (before) => {
        const { failedStarts, until } = startBackOff([failed(NOW, { failedStarts: before })]);
        expect(failedStarts).toBe(before + 1);
        expect(until).toBe(NOW + Math.min(BACK_OFF_MAX_MS, 30_000 * (before + 1)));
      }),
    );
  });

  it('counts runners that were started together and failed as one start', () => {
    expect(startBackOff([failed(NOW - 5), failed(NOW), failed(NOW - 2)])).toEqual({
      failedStarts: 1,
      until: NOW + 30_000,
    });
  });

  it('counts starts that followed one another one by one', () => {
    const inARow = [failed(NOW - 90_000), failed(NOW - 60_000, { failedStarts: 1 }), failed(NOW, { failedStarts: 2 })];
    expect(startBackOff(inARow)).toEqual({ failedStarts: 3, until: NOW + 90_000 });
  });

  it('does not shrink while a try is under way, however long it takes', () => {
    expect(startBackOff([runnerRecord({ state: 'SETUP', failedStarts: 4 })]).failedStarts).toBe(4);
  });

  it('is over as soon as one runner is ready', () => {
    const runners = [failed(NOW - 1, { failedStarts: 9 }), readyRunner(NOW, { readyAt: NOW })];
    expect(startBackOff(runners)).toEqual({ failedStarts: 0, until: 0 });
  });

  it('is 20 s when there was no place to run, which counts as no failure of the app', () => {
    const runners = [failed(NOW, { exit: 'scheduling_failed', failedStarts: 0 })];
    expect(startBackOff(runners)).toEqual({ failedStarts: 0, until: NOW + 20_000, unplacedAt: NOW });
  });

  it.each(['stopped', 'drained', 'retired'] as const)(
    'is none for a runner that was %s before it was ready',
    (exit) => {
      expect(startBackOff([failed(NOW, { exit })])).toEqual({ failedStarts: 0, until: 0 });
    },
  );

  it('is none for a runner that crashed after it had been ready', () => {
    expect(startBackOff([failed(NOW, { exit: 'crashed', readyAt: NOW - 1 })])).toEqual({ failedStarts: 0, until: 0 });
  });
});

describe('a caller who waits on a connection', () => {
  it('is told why no runner can be had while the next start is delayed', () => {
    expect(unavailable([failed(NOW)], 'r1', NOW + 1)).toEqual({
      status: 503,
      errorType: 'runner_scheduling_failure',
      error: 'No runner could be started: setup() raised ValueError',
    });
  });

  it('gets 504 when the start took too long', () => {
    expect(unavailable([failed(NOW, { exit: 'startup_timeout' })], 'r1', NOW + 1)).toMatchObject({
      status: 504,
      errorType: 'startup_timeout',
    });
  });

  it.each([
    ['a runner starts', [failed(NOW), runnerRecord({ id: 'next' })], NOW + 1],
    ['an earlier revision still serves', [failed(NOW), readyRunner(NOW, { revision: 'r0', readyAt: 0 })], NOW + 1],
    ['the delay is over', [failed(NOW)], NOW + 30_000],
  ] as const)('goes on waiting while %s', (_when, runners, now) => {
    expect(unavailable(runners, 'r1', now)).toBeUndefined();
  });
});
