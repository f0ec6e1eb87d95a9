import fc from 'fast-check';
import { adaptivePolicy } from '../../sim/adaptive';
import { controllerPolicy } from '../../sim/controller';
import { simulate, type SimulationResult } from '../../sim/simulation';
import { startTimes } from '../../sim/start-times';
import { traceOf, type Trace } from '../../sim/trace';
import { spec } from './scenario';

const START_S = 60;
const TICK_MS = 1_000;
const NO_PARTS = { waitOrSpawn: false, startAhead: false, stayOn: false, releaseSurplus: false };

const traces: fc.Arbitrary<Trace> = fc
  .array(
    fc.record({
      app: fc.constant('a'),
      arrivalMs: fc.oneof(fc.integer({ min: 0, max: 600_000 }), fc.integer({ min: 0, max: 8_000_000 })),
      serviceMs: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 900_000 })),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map(traceOf);

const simulated = (trace: Trace, policy = adaptivePolicy({ dispatch: 'recent' }), keepAlive = 60): SimulationResult =>
  simulate(trace, { policy, startTimes: startTimes(START_S), spec: () => spec({ keep_alive: keepAlive }) });

test('nobody waits for longer than patience (two starts), a start and two looks of the controller', () => {
  fc.assert(
    fc.property(traces, fc.constantFrom(10, 60, 600), (trace, keepAlive) => {
      const { waitMs } = simulated(trace, undefined, keepAlive);
      expect(Math.max(...waitMs)).toBeLessThanOrEqual(3 * START_S * 1000 + 2 * TICK_MS);
    }),
    { numRuns: 60 },
  );
});

test('without its parts it is the controller with fal’s rules', () => {
  fc.assert(
    fc.property(traces, (trace) => {
      const {
        looks: _more,
        events: _other,
        ...bare
      } = simulated(trace, adaptivePolicy({ dispatch: 'recent', parts: NO_PARTS }));
      const { looks: _less, events: _others, ...fals } = simulated(trace, controllerPolicy({ dispatch: 'recent' }));
      expect(bare).toEqual(fals);
    }),
    { numRuns: 40 },
  );
});

/** Batches of so many requests at a time, one after the other. */
const rhythm = (batches: number, size: number, serviceS: number, pauseS: number): Trace =>
  traceOf(
    Array.from({ length: batches * size }, (_, index) => ({
      app: 'a',
      arrivalMs: 1000 * Math.floor(index / size) * (serviceS + pauseS),
      serviceMs: 1000 * serviceS,
    })),
  );

test('it does not swing: a rhythm that keep_alive bridges starts no more runners than under fal’s rules', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 50 }), (serviceS, pauseS) => {
      const trace = rhythm(60, 1, serviceS, pauseS);
      const fals = simulated(trace, controllerPolicy({ dispatch: 'recent' }));
      expect(simulated(trace).starts).toBeLessThanOrEqual(fals.starts);
    }),
    { numRuns: 40 },
  );
});

test('it settles: under a rhythm that goes on, no runner comes or goes after the first half', () => {
  fc.assert(
    fc.property(
      fc.record({
        size: fc.integer({ min: 1, max: 6 }),
        serviceS: fc.integer({ min: 1, max: 100 }),
        // With shorter pauses the queue of the first start lasts for longer than half of the time.
        pauseS: fc.integer({ min: 6, max: 50 }),
        keepAlive: fc.constantFrom(60, 600),
        dispatch: fc.constantFrom('recent' as const, 'random' as const, 'random-delayed' as const),
        seed: fc.nat(1000),
      }),
      ({ size, serviceS, pauseS, keepAlive, dispatch, seed }) => {
        const trace = rhythm(Math.ceil(3_600 / (serviceS + pauseS)), size, serviceS, pauseS);
        const lastMs = trace.arrivalMs[trace.arrivalMs.length - 1] ?? 0;
        const changes: string[] = [];
        const note = (what: string, now: number): void => {
          if (now > lastMs / 2 && now < lastMs) changes.push(`${what} at ${now}`);
        };
        simulate(trace, {
          policy: adaptivePolicy({ dispatch }),
          startTimes: startTimes(START_S),
          spec: () => spec({ keep_alive: keepAlive }),
          seed,
          observer: {
            runnerLaunched: (_, now) => {
              note('start', now);
            },
            runnerEnded: (_, now) => {
              note('end', now);
            },
          },
        });
        expect(changes).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});
