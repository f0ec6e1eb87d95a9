import fc from 'fast-check';
import type { AppSpec } from '../../../runtime/domain/app-spec';
import {
  askedToDrain,
  launched,
  ready,
  RUNNER_STATES,
  starting,
  terminating,
  type RunnerExit,
  type RunnerRecord,
} from '../../../runtime/domain/runner';
import { SILENCE_LIMIT_MS } from '../../../runtime/domain/runner-deadline';
import { targetSize, type Observation, type ScalingAction } from '../../../runtime/domain/scaling';
import { explainedDecision } from '../../support/decisions';
import { APP, appSpec, observation, readyRunner, runnerRecord } from '../../support/records';

const NOW = 10_000_000;

describe('scaling, for any app and any runners', () => {
  it('decides nothing more once its decision was carried out', () => {
    everyDecision(({ observed, spec, actions }) => {
      expect(explainedDecision(applied(observed, actions), spec, NOW).actions).toEqual([]);
    });
  });

  it('launches runners of the current revision up to max_concurrency and no further', () => {
    everyDecision(({ observed, spec, actions }) => {
      if (launches(actions) === 0) return;
      expect(present(applied(observed, actions)).length).toBeLessThanOrEqual(spec.max_concurrency);
    });
  });

  it('never launches more than are missing', () => {
    everyDecision(({ observed, spec, actions }) => {
      const { target } = targetSize(observed, spec);
      const after = present(applied(observed, actions)).length;
      if (launches(actions) > 0) expect(after).toBeLessThanOrEqual(Math.max(target, observed.verify ? 1 : 0));
    });
  });

  it('keeps all that serves while a new revision fails to start, and tries that with one runner at a time', () => {
    everyDecision(({ observed, actions }) => {
      const { trial, revision, runners } = observed;
      if (!trial?.failed || runners.some((runner) => runner.revision === revision && ready(runner))) return;
      expect(actions.filter(({ kind }) => kind === 'drain')).toEqual([]);
      const stops = actions.filter(({ kind }) => kind === 'stop');
      const tried = present(applied(observed, stops)).length;
      expect(launches(actions)).toBeLessThanOrEqual(tried === 0 ? 1 : 0);
    });
  });

  it('launches no more of the last good revision than are wanted in all', () => {
    everyDecision(({ observed, spec, actions }) => {
      if (!actions.some((action) => action.kind === 'launch' && action.revision !== undefined)) return;
      const others = applied(observed, actions).runners.filter(
        (runner) => runner.revision !== observed.revision && (ready(runner) || starting(runner)),
      );
      const { target } = targetSize(observed, spec);
      expect(others.filter(({ drain }) => drain === undefined).length).toBeLessThanOrEqual(target);
    });
  });

  it('never stops a runner that works', () => {
    everyDecision(({ observed, actions }) => {
      for (const action of actions) {
        if (action.kind !== 'stop') continue;
        const runner = observed.runners.find((candidate) => candidate.id === action.runner);
        expect(runner !== undefined && works(runner)).toBe(false);
      }
    });
  });

  it('drains runners of earlier revisions only, and keeps as many serving as are wanted', () => {
    everyDecision(({ observed, spec, actions }) => {
      const drained = actions.flatMap((action) => (action.kind === 'drain' ? [action.runner] : []));
      const current = observed.runners.filter((runner) => runner.revision === observed.revision);
      expect(current.some((runner) => drained.includes(runner.id))).toBe(false);
      if (observed.strategy === 'recreate' || unplaced(current)) return;
      const stopped = actions.flatMap((action) => (action.kind === 'stop' ? [action.runner] : []));
      const healthy = observed.runners.filter((runner) => ready(runner) && !stopped.includes(runner.id));
      const remaining = healthy.filter((runner) => !drained.includes(runner.id)).length;
      expect(remaining).toBeGreaterThanOrEqual(Math.min(healthy.length, targetSize(observed, spec).target));
    });
  });

  it('gives up runners that wait for hardware only where more are there than wanted', () => {
    everyDecision(({ observed, spec, actions }) => {
      const unneeded = actions.filter((action) => action.kind === 'stop' && action.reason.startsWith('no request'));
      const { target } = targetSize(observed, spec);
      const surplus = Math.max(0, present(observed).length - target);
      // While a revision is on trial, those of the last good one are wanted, too.
      const old = observed.trial === undefined ? 0 : Math.max(0, presentOld(observed).length - target);
      expect(unneeded.length).toBeLessThanOrEqual(surplus + old);
      for (const action of unneeded) {
        const runner = observed.runners.find((candidate) => 'runner' in action && candidate.id === action.runner);
        expect(runner?.state).toBe('PENDING');
      }
    });
  });

  it('sets the floor of the current revision to the wanted number', () => {
    everyDecision(({ observed, spec, actions }) => {
      expect(applied(observed, actions).floors[observed.revision] ?? 0).toBe(targetSize(observed, spec).target);
    });
  });

  it('says why whenever it does something that people see', () => {
    everyDecision(({ actions, reason }) => {
      if (actions.some((action) => action.kind !== 'setFloor')) expect(reason).not.toContain('as wanted');
    });
  });

  it('keeps exactly min_concurrency runners of an app that nobody calls', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.nat(5), (min, readyNow, startingNow) => {
        const spec = appSpec({ min_concurrency: min, max_concurrency: 20 });
        const runners = [
          ...numbered(readyNow, () => readyRunner(NOW)),
          ...numbered(startingNow, () => runnerRecord({ createdAt: NOW, stateSince: NOW }), 100),
        ];
        const { actions } = explainedDecision(observation({ runners }), spec, NOW);
        expect(launches(actions)).toBe(Math.max(0, min - readyNow - startingNow));
        expect(applied(observation({ runners }), actions).floors.r1 ?? 0).toBe(min);
      }),
    );
  });
});

describe('the wanted number of runners', () => {
  it('stays between min_concurrency and max_concurrency', () => {
    fc.assert(
      fc.property(specs(), load(), (spec, requests) => {
        const { target } = targetSize(observation(requests), spec);
        expect(target).toBeGreaterThanOrEqual(spec.min_concurrency);
        expect(target).toBeLessThanOrEqual(spec.max_concurrency);
      }),
    );
  });

  it('has a slot for every request and the buffer on top, as far as max_concurrency allows', () => {
    fc.assert(
      fc.property(specs(), load(), (spec, requests) => {
        const { target } = targetSize(observation(requests), spec);
        const asked = requests.inProgress + requests.overdue;
        if (target === spec.max_concurrency) return;
        expect((target - spec.concurrency_buffer) * spec.max_multiplexing).toBeGreaterThanOrEqual(asked);
      }),
    );
  });

  it('never falls when more is asked', () => {
    fc.assert(
      fc.property(specs(), load(), fc.nat(50), (spec, requests, more) => {
        const later = { ...requests, overdue: requests.overdue + more };
        expect(targetSize(observation(later), spec).target).toBeGreaterThanOrEqual(
          targetSize(observation(requests), spec).target,
        );
      }),
    );
  });
});

interface Case {
  readonly observed: Observation;
  readonly spec: AppSpec;
  readonly actions: readonly ScalingAction[];
  readonly reason: string;
}

function everyDecision(check: (decided: Case) => void): void {
  fc.assert(
    fc.property(observations(), specs(), (observed, spec) => {
      const { actions, reason } = explainedDecision(observed, spec, NOW);
      check({ observed, spec, actions, reason });
    }),
    { numRuns: 400 },
  );
}

/** The observation as it is right after the actions were carried out. */
function applied(observed: Observation, actions: readonly ScalingAction[]): Observation {
  return actions.reduce<Observation>((before, action) => {
    switch (action.kind) {
      case 'launch':
        return { ...before, runners: [...before.runners, ...launchedBy(action, before)] };
      case 'setFloor':
        return { ...before, floors: { ...before.floors, [action.revision]: action.floor } };
      case 'drain':
        return changed(before, action.runner, (old) => askedToDrain(old, action.reason, NOW, action.graceMs));
      case 'stop':
        return changed(before, action.runner, (old) => terminating(old, action.exit, action.reason, NOW));
    }
  }, observed);
}

function launchedBy(action: Extract<ScalingAction, { kind: 'launch' }>, before: Observation): RunnerRecord[] {
  const { count, failedStarts, revision = before.revision } = action;
  const make = (id: string): RunnerRecord => launched({ id, app: APP, revision, createdAt: NOW, failedStarts });
  return numbered(count, make, 1_000 + before.runners.length);
}

function changed(
  observed: Observation,
  id: string,
  move: (runner: RunnerRecord) => RunnerRecord | undefined,
): Observation {
  return { ...observed, runners: observed.runners.map((old) => (old.id === id ? (move(old) ?? old) : old)) };
}

/** Runners of the current revision that serve or will. */
function present(observed: Observation): RunnerRecord[] {
  return observed.runners.filter((runner) => runner.revision === observed.revision && staying(runner));
}

function presentOld(observed: Observation): RunnerRecord[] {
  return observed.runners.filter((runner) => runner.revision !== observed.revision && staying(runner));
}

function staying(runner: RunnerRecord): boolean {
  return ready(runner) || (starting(runner) && runner.drain === undefined);
}

/** Serves, reports, and is within the time it was given. */
function works(runner: RunnerRecord): boolean {
  return (
    ['IDLE', 'RUNNING', 'DRAINING'].includes(runner.state) &&
    NOW - runner.heartbeatAt < SILENCE_LIMIT_MS &&
    (runner.drain === undefined || runner.drain.deadline > NOW)
  );
}

function unplaced(runners: readonly RunnerRecord[]): boolean {
  return runners.some((runner) => runner.state === 'PENDING' || runner.exit === 'scheduling_failed');
}

/** Runners of the current revision that are launched. */
function launches(actions: readonly ScalingAction[]): number {
  return actions.reduce(
    (sum, action) => sum + (action.kind === 'launch' && action.revision === undefined ? action.count : 0),
    0,
  );
}

function numbered(count: number, make: (id: string) => RunnerRecord, from = 0): RunnerRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    ...make(`runner-${from + index}`),
    id: `runner-${from + index}`,
  }));
}

function load(): fc.Arbitrary<Pick<Observation, 'inProgress' | 'overdue'>> {
  const count = fc.oneof(fc.constant(0), fc.nat(3), fc.nat(40));
  return fc.record({ inProgress: count, overdue: count });
}

function specs(): fc.Arbitrary<AppSpec> {
  return fc
    .record({
      min_concurrency: fc.oneof(fc.constant(0), fc.nat(4)),
      max_concurrency: fc.integer({ min: 4, max: 12 }),
      concurrency_buffer: fc.oneof(fc.constant(0), fc.nat(3)),
      concurrency_buffer_perc: fc.constantFrom(0, 0, 30, 100),
      max_multiplexing: fc.constantFrom(1, 1, 2, 8),
    })
    .map(appSpec);
}

function observations(): fc.Arbitrary<Observation> {
  return fc
    .record({
      requests: load(),
      strategy: fc.constantFrom('rolling' as const, 'recreate' as const),
      runners: fc.array(runners(), { maxLength: 10 }),
      floors: fc.record({ r0: fc.nat(4), r1: fc.nat(4) }, { requiredKeys: [] }),
      trial: fc.option(fc.record({ fallback: fc.constant('r0'), failed: fc.boolean() }), { nil: undefined }),
      verify: fc.boolean(),
    })
    .map(({ requests, runners: made, trial, ...rest }) =>
      observation({
        ...rest,
        ...(trial === undefined ? {} : { trial }),
        ...requests,
        waiting: requests.overdue,
        runners: made.map((runner, index) => ({ ...runner, id: `runner-${index}` })),
      }),
    );
}

/** Any record that the moves of a runner could have made, healthy ones most often. */
function runners(): fc.Arbitrary<RunnerRecord> {
  const exit = fc.constantFrom<RunnerExit>(
    'retired',
    'drained',
    'stopped',
    'scheduling_failed',
    'startup_failed',
    'crashed',
  );
  const age = fc.oneof(fc.nat(1_000), fc.nat(100_000), fc.nat(2_000_000));
  return fc
    .record({
      state: fc.oneof(
        fc.constantFrom('IDLE' as const, 'RUNNING' as const, 'PENDING' as const),
        fc.constantFrom(...RUNNER_STATES),
      ),
      revision: fc.constantFrom('r1', 'r1', 'r0'),
      age,
      silence: fc.oneof(fc.nat(1_000), fc.nat(2 * SILENCE_LIMIT_MS)),
      inFlight: fc.nat(2),
      failedStarts: fc.nat(3),
      everReady: fc.boolean(),
      drainIn: fc.option(fc.integer({ min: -10_000, max: 100_000 }), { freq: 6, nil: undefined }),
      exit,
    })
    .map(({ age: since, silence, everReady, drainIn, exit: left, ...made }) => {
      const serving = ['IDLE', 'RUNNING', 'DRAINING'].includes(made.state);
      const leaving = made.state === 'TERMINATING' || made.state === 'TERMINATED';
      return runnerRecord({
        ...made,
        createdAt: NOW - since,
        stateSince: NOW - since,
        heartbeatAt: NOW - Math.min(silence, since),
        ...(serving || (leaving && everReady) ? { readyAt: NOW - since } : {}),
        ...(leaving ? { exit: left, exitReason: left } : {}),
        ...(drainIn === undefined || leaving ? {} : { drain: { reason: 'asked', deadline: NOW + drainIn } }),
      });
    });
}
