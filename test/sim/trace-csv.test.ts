import fc from 'fast-check';
import { requestsOf } from '../../sim/trace';
import { formatTraceCsv, parseTraceCsv } from '../../sim/trace-csv';
import { traceOf } from '../../sim/trace';

const parsed = (text: string): readonly unknown[] => [...requestsOf(parseTraceCsv(text, 'trace.csv'))];

test('columns may stand in any order, beside others', () => {
  expect(parsed('service_s,note,app,arrival_s\r\n1.5,x,a,3\r\n2,y,b,1\r\n')).toEqual([
    { app: 'b', arrivalMs: 1000, serviceMs: 2000 },
    { app: 'a', arrivalMs: 3000, serviceMs: 1500 },
  ]);
});

test('names in quotes may hold commas and quotes', () => {
  expect(parsed('app,arrival_s,service_s\n"a, ""b""",1,2\n')).toEqual([
    { app: 'a, "b"', arrivalMs: 1000, serviceMs: 2000 },
  ]);
});

test.each([
  ['', 'trace.csv is empty'],
  ['app,arrival_s,service_s\n', 'no request below it'],
  ['app,arrival,service_s\na,1,2', 'trace.csv:1: no column arrival_s'],
  ['app\na', 'trace.csv:1: no column arrival_s, service_s'],
  ['app,arrival_s,service_s\na,1,2\n\nb,-1,2', 'trace.csv:4: arrival_s is "-1", which is negative'],
  ['app,arrival_s,service_s\na,1,-0.5', 'trace.csv:2: service_s is "-0.5", which is negative'],
  ['app,arrival_s,service_s\na,soon,2', 'trace.csv:2: arrival_s is "soon", which is not a number'],
  ['app,arrival_s,service_s\na,1', 'trace.csv:2: service_s is "", which is not a number'],
  ['app,arrival_s,service_s\na,1,Infinity', 'trace.csv:2: service_s is "Infinity", which is too large'],
  ['app,arrival_s,service_s\n,1,2', 'trace.csv:2: app is empty'],
])('%j is refused with the line and what is wrong', (text, message) => {
  expect(() => parseTraceCsv(text, 'trace.csv')).toThrow(message);
});

test('what was written is read again', () => {
  const request = fc.record({
    app: fc.stringMatching(/^[a-z",]{1,8}$/),
    arrivalMs: fc.integer({ min: 0, max: 10 ** 9 }),
    serviceMs: fc.integer({ min: 0, max: 10 ** 9 }),
  });
  fc.assert(
    fc.property(fc.array(request, { minLength: 1 }), (requests) => {
      const trace = traceOf(requests);
      const again = [...requestsOf(parseTraceCsv(formatTraceCsv(trace), 'trace.csv'))];
      [...requestsOf(trace)].forEach(({ app, arrivalMs, serviceMs }, index) => {
        expect(again[index]?.app).toBe(app);
        expect(again[index]?.arrivalMs).toBeCloseTo(arrivalMs, 3);
        expect(again[index]?.serviceMs).toBeCloseTo(serviceMs, 3);
      });
    }),
  );
});
