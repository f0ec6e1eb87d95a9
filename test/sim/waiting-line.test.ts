import fc from 'fast-check';
import { WaitingLine } from '../../sim/waiting-line';

test('whoever was submitted first is taken first, also after being handed back', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('add', 'take', 'hand back'), { maxLength: 5000 }), (steps) => {
      const line = new WaitingLine();
      let waiting: number[] = [];
      const taken: number[] = [];
      let next = 0;
      for (const step of steps) {
        const back = step === 'hand back' ? taken.pop() : step === 'add' ? next++ : undefined;
        if (back !== undefined) {
          line.add(back);
          waiting = [...waiting, back].sort((a, b) => a - b);
        } else if (step === 'take') {
          const request = line.take();
          expect(request).toBe(waiting.shift());
          if (request !== undefined) taken.push(request);
        }
        expect(line.length).toBe(waiting.length);
      }
    }),
    { numRuns: 20 },
  );
});

test('it tells how many arrived by a time, and who came next', () => {
  const arrivals = Float64Array.from([0, 10, 10, 30]);
  const line = new WaitingLine();
  [0, 1, 2, 3].forEach((request) => {
    line.add(request);
  });
  line.take();
  expect([9, 10, 29, 30].map((time) => line.arrivedBy(time, arrivals))).toEqual([0, 2, 2, 3]);
  expect([9, 10, 30].map((time) => line.arrivalAfter(time, arrivals))).toEqual([10, 30, Infinity]);
});
