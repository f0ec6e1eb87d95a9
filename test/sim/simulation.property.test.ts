import fc from 'fast-check';
import { controllerPolicy } from '../../sim/controller';
import { POLICY_NAMES, policiesNamed } from '../../sim/policies';
import type { Faults } from '../../sim/faults';
import { simulate, type SimulationResult, type SimulationSettings } from '../../sim/simulation';
import { startTimes } from '../../sim/start-times';
import { traceOf, type Trace } from '../../sim/trace';
import type { Observer } from '../../sim/world';
import { spec } from './scenario';

const traces: fc.Arbitrary<Trace> = fc
  .array(
    fc.record({
      app: fc.constantFrom('a', 'b', 'c'),
      arrivalMs: fc.oneof(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 2_000_000 })),
      serviceMs: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 400_000 })),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map(traceOf);

const faults: fc.Arbitrary<Faults> = fc.record(
  {
    crashShare: fc.constantFrom(0, 0.2),
    reclaimsPerHour: fc.constantFrom(0, 3),
    capacityErrors: fc.constant([{ from: 100_000, until: 400_000 }]),
    failingStarts: fc.constant([{ from: 0, until: 300_000, app: 'a' }]),
  },
  { requiredKeys: [] },
);

const settings: fc.Arbitrary<SimulationSettings> = fc
  .record({
    startS: fc.constantFrom(0, 5, 90, 300),
    variation: fc.constantFrom(0, 0.5),
    shared: fc.boolean(),
    gpusPerMachine: fc.constantFrom(1, 2, 4),
    machineKeepAliveS: fc.constantFrom(0, 300),
    maxMachines: fc.constantFrom(2, Infinity),
    seed: fc.integer({ min: 0, max: 1000 }),
    lagMs: fc.constantFrom(0, 1_500),
    faults,
    spec: fc.record({
      min_concurrency: fc.constantFrom(0, 1),
      max_concurrency: fc.constantFrom(1, 3, 100),
      concurrency_buffer: fc.constantFrom(0, 1),
      scaling_delay: fc.constantFrom(0, 15),
      max_multiplexing: fc.constantFrom(1, 3),
      keep_alive: fc.constantFrom(0, 60, 900),
    }),
    dispatch: fc.constantFrom('random', 'random-delayed', 'recent', 'recent-delayed'),
  })
  .map((chosen) => ({
    policy: controllerPolicy({ dispatch: chosen.dispatch as 'random' }),
    startTimes: startTimes(chosen.startS, chosen.variation),
    spec: () => spec(chosen.spec),
    machines: {
      shared: chosen.shared,
      gpusPerMachine: chosen.gpusPerMachine,
      keepAliveMs: 1000 * chosen.machineKeepAliveS,
      maxMachines: chosen.maxMachines,
    },
    faults: chosen.faults,
    seed: chosen.seed,
    lagMs: chosen.lagMs,
    giveUpMs: 2 * 3_600_000,
  }));

/** Counts what an observer sees, apart from the simulator's own books. */
class Books implements Observer {
  readonly served = new Map<number, number>();
  readonly running = new Map<string, number>();
  readonly placedSince = new Map<string, number>();
  heldMs = 0;

  runnerPlaced(runner: { readonly id: string }, now: number): void {
    this.placedSince.set(runner.id, now);
  }

  runnerEnded(runner: { readonly id: string }, now: number): void {
    this.heldMs += now - (this.placedSince.get(runner.id) ?? now);
    this.placedSince.delete(runner.id);
  }

  requestServed(request: number): void {
    this.served.set(request, (this.served.get(request) ?? 0) + 1);
  }
}

function withBooks(
  trace: Trace,
  chosen: SimulationSettings,
): { readonly result: SimulationResult; readonly books: Books } {
  const books = new Books();
  return { result: simulate(trace, { ...chosen, observer: books }), books };
}

test('every request is served once, dead-lettered, or said to be unfinished', () => {
  fc.assert(
    fc.property(traces, settings, (trace, chosen) => {
      const { result, books } = withBooks(trace, chosen);
      expect([...books.served.values()].every((times) => times === 1)).toBe(true);
      expect(books.served.size).toBe(result.served);
      expect(result.served + result.deadLetters + result.unfinished).toBe(trace.app.length);
    }),
    { numRuns: 100 },
  );
});

test('without crashes every request is served', () => {
  fc.assert(
    fc.property(traces, settings, (trace, chosen) => {
      const { faults: { crashShare: _none, reclaimsPerHour: _never, ...others } = {} } = chosen;
      // With one or two machines that another app may hold for ever, an app can starve by its settings.
      const roomy = {
        ...chosen,
        giveUpMs: 86_400_000,
        faults: others,
        machines: { ...chosen.machines, maxMachines: Infinity },
      };
      expect(simulate(trace, roomy).served).toBe(trace.app.length);
    }),
    { numRuns: 100 },
  );
});

test('no wait is negative', () => {
  fc.assert(
    fc.property(traces, settings, (trace, chosen) => {
      const { waitMs } = simulate(trace, chosen);
      expect([...waitMs].filter((wait) => wait < 0)).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test('the same seed gives the same result', () => {
  fc.assert(
    fc.property(traces, settings, (trace, chosen) => {
      expect(simulate(trace, chosen)).toEqual(simulate(trace, chosen));
    }),
    { numRuns: 50 },
  );
});

test('GPU-hours are the integral of the lives of runners', () => {
  fc.assert(
    fc.property(traces, settings, (trace, chosen) => {
      const { result, books } = withBooks(trace, chosen);
      for (const since of books.placedSince.values()) books.heldMs += result.endedAt - since;
      expect(result.runnerGpuHours * 3_600_000).toBeCloseTo(books.heldMs, 3);
    }),
    { numRuns: 100 },
  );
});

test('with a machine for each runner, what is paid for is the lives of runners', () => {
  fc.assert(
    fc.property(traces, settings, (trace, chosen) => {
      const { gpuHours, runnerGpuHours } = simulate(trace, { ...chosen, machines: {} });
      expect(gpuHours).toBeCloseTo(runnerGpuHours, 9);
    }),
    { numRuns: 50 },
  );
});

test('the controller misses nothing by looking only at apps in which something can have changed', () => {
  fc.assert(
    fc.property(traces, settings, (trace, chosen) => {
      const lazy = simulate(trace, chosen);
      const eager = simulate(trace, {
        ...chosen,
        policy: { ...chosen.policy, scaler: controllerPolicy({ always: true }).scaler },
        everyTick: true,
      });
      const { looks: lazyLooks, events: _some, ...outcome } = lazy;
      const { looks: eagerLooks, events: _more, ...reference } = eager;
      expect(outcome).toEqual(reference);
      expect(lazyLooks).toBeLessThanOrEqual(eagerLooks);
    }),
    { numRuns: 6 },
  );
});

test.each(POLICY_NAMES)('%s serves every request and repeats itself', (name) => {
  const policies = policiesNamed([name]);
  fc.assert(
    fc.property(traces, fc.constantFrom(...policies), (trace, policy) => {
      const chosen = { policy, startTimes: startTimes(90), spec: () => spec() };
      const result = simulate(trace, chosen);
      expect(result.served).toBe(trace.app.length);
      expect(simulate(trace, chosen)).toEqual(result);
    }),
    { numRuns: 4 },
  );
});

// The adaptive policy learns by looking: what it looks at more often, it knows a little better.
test.each(POLICY_NAMES.filter((name) => name !== 'adaptive'))(
  '%s decides the same when it is asked at every tick',
  (name) => {
    const policies = policiesNamed([name]);
    fc.assert(
      fc.property(traces, fc.constantFrom(...policies), (trace, policy) => {
        const chosen = { policy, startTimes: startTimes(90), spec: () => spec() };
        const { looks: _few, events: _some, ...outcome } = simulate(trace, chosen);
        const { looks: _many, events: _more, ...reference } = simulate(trace, { ...chosen, everyTick: true });
        expect(outcome).toEqual(reference);
      }),
      { numRuns: 2 },
    );
  },
);
