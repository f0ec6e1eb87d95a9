import fc from 'fast-check';
import { parseRange } from '../../../runtime/gateway/byte-range';

test.each([
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=2-5', { start: 2, end: 5 }],
  ['bytes=7-', { start: 7, end: 9 }],
  ['bytes=8-99', { start: 8, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-99', { start: 0, end: 9 }],
  ['Bytes=1-2 ', { start: 1, end: 2 }],
])('%s of ten bytes', (header, range) => {
  expect(parseRange(header, 10)).toEqual(range);
});

test.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])('%s of ten bytes can not be satisfied', (header) => {
  expect(parseRange(header, 10)).toBe('unsatisfiable');
});

test.each([undefined, '', 'bytes', 'bytes=', 'bytes=-', 'bytes=5-2', 'bytes=0-1,4-5', 'items=0-1', 'bytes=a-b'])(
  'everything is sent for %p',
  (header) => {
    expect(parseRange(header, 10)).toBeUndefined();
  },
);

test('no part of an empty file can be satisfied', () => {
  expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
  expect(parseRange('bytes=-1', 0)).toBe('unsatisfiable');
});

test('whatever is asked for, a range lies within the file and holds at least a byte', () => {
  const bound = fc.oneof(fc.constant(''), fc.bigInt({ min: 0n, max: 2n ** 80n }).map(String), fc.nat(50).map(String));
  fc.assert(
    fc.property(bound, bound, fc.nat(40), (first, last, size) => {
      const range = parseRange(`bytes=${first}-${last}`, size);
      if (range === undefined || range === 'unsatisfiable') return;
      expect(range.start).toBeGreaterThanOrEqual(0);
      expect(range.end).toBeGreaterThanOrEqual(range.start);
      expect(range.end).toBeLessThan(size);
    }),
  );
});

test('a range that lies within the file is honoured to the byte', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(1000), fc.nat(1000), (start, more, behind) => {
      const end = start + more;
      expect(parseRange(`bytes=${start}-${end}`, end + behind + 1)).toEqual({ start, end });
    }),
  );
});

test('no header is too odd to be read', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(100), (header, size) => {
      expect(() => parseRange(`bytes=${header}`, size)).not.toThrow();
    }),
  );
});
