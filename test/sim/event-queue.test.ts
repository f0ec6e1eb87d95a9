import fc from 'fast-check';
import { EventQueue } from '../../sim/event-queue';

function drained(queue: EventQueue): readonly (readonly [number, number])[] {
  const taken: [number, number][] = [];
  const event = { at: 0, kind: 0, subject: 0, detail: 0 };
  while (queue.take(event)) taken.push([event.at, event.subject]);
  return taken;
}

test('events come out by time, those of one time in the order in which they were added', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3000 }), (times) => {
      const queue = new EventQueue();
      times.forEach((at, index) => {
        queue.add(at, 1, index);
      });
      const expected = times.map((at, index) => [at, index] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      expect(drained(queue)).toEqual(expected);
    }),
    { numRuns: 30 },
  );
});

test('events with a rank come after all others of their time, by rank', () => {
  const queue = new EventQueue();
  queue.add(5, 1, 10, 0, 2);
  queue.add(5, 1, 11, 0, 1);
  queue.add(5, 1, 12);
  queue.add(4, 1, 13, 0, 9);
  expect(queue.unranked).toBe(1);
  expect(drained(queue).map(([, subject]) => subject)).toEqual([13, 12, 11, 10]);
});

test.each([NaN, -1, Infinity])('an event at %d is refused', (at) => {
  expect(() => {
    new EventQueue().add(at, 1, 0);
  }).toThrow(RangeError);
});
