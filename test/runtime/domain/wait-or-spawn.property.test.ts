import fc from 'fast-check';
import { wantedRunners, type Estimates, type Queue } from '../../../runtime/domain/wait-or-spawn';

const queues: fc.Arbitrary<Queue> = fc.record({
  waiting: fc.nat(200),
  inProgress: fc.nat(50),
  slots: fc.constantFrom(1, 1, 4),
  ready: fc.nat(50),
  startingMs: fc.array(fc.nat(300_000), { maxLength: 10 }),
});

const estimates: fc.Arbitrary<Estimates> = fc.record({
  serviceMs: fc.integer({ min: 1, max: 3_600_000 }),
  startMs: fc.integer({ min: 1, max: 900_000 }),
  rate: fc.double({ min: 0, max: 0.01, noNaN: true }),
  worth: fc.double({ min: 0.2, max: 10, noNaN: true }),
  tailMs: fc.nat(3_600_000),
  patienceMs: fc.nat(900_000),
});

const ESTIMATES: Estimates = {
  serviceMs: 10_000,
  startMs: 300_000,
  rate: 0,
  worth: 1,
  tailMs: 60_000,
  patienceMs: 600_000,
};
const QUEUE: Queue = { waiting: 0, inProgress: 1, slots: 1, ready: 1, startingMs: [] };

test('a request waits for a runner that is free long before a new one would be ready', () => {
  expect(wantedRunners({ ...QUEUE, waiting: 1 }, ESTIMATES)).toBe(1);
});

test('requests that would wait for much longer than a start get runners', () => {
  expect(wantedRunners({ ...QUEUE, waiting: 5 }, { ...ESTIMATES, serviceMs: 1_800_000 })).toBeGreaterThan(1);
});

test('a burst gets a few runners and not one for each request', () => {
  const wanted = wantedRunners({ ...QUEUE, waiting: 100 }, ESTIMATES);
  expect(wanted).toBeGreaterThan(1);
  expect(wanted).toBeLessThan(30);
});

test('a request that finds nothing gets a runner', () => {
  expect(wantedRunners({ ...QUEUE, inProgress: 0, waiting: 1, ready: 0 }, { ...ESTIMATES, worth: 0.2 })).toBe(1);
});

test('never more runners are wanted than one for each request, and none as long as nobody asks', () => {
  fc.assert(
    fc.property(queues, estimates, (queue, estimated) => {
      const most = Math.ceil((queue.waiting + queue.inProgress) / queue.slots);
      const wanted = wantedRunners(queue, estimated);
      expect(wanted).toBeLessThanOrEqual(most);
      expect(wanted).toBeGreaterThanOrEqual(Math.min(1, most));
    }),
  );
});

test('runners that requests could use are never given up', () => {
  fc.assert(
    fc.property(queues, estimates, (queue, estimated) => {
      const most = Math.ceil((queue.waiting + queue.inProgress) / queue.slots);
      const present = queue.ready + queue.startingMs.length;
      expect(wantedRunners(queue, estimated)).toBeGreaterThanOrEqual(Math.min(most, present));
    }),
  );
});
