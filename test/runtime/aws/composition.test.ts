import fc from 'fast-check';
import { bytesIn, composition, LEAST_PART_BYTES, type Slice } from '../../../runtime/aws/composition';

const size = fc.oneof(
  fc.integer({ min: 0, max: 10 }),
  fc.integer({ min: LEAST_PART_BYTES - 5, max: LEAST_PART_BYTES + 5 }),
  fc.integer({ min: 0, max: 3 * LEAST_PART_BYTES }),
);
const sizes = fc.array(size, { maxLength: 12 });

const slicesOf = (given: readonly number[]): readonly (readonly Slice[])[] =>
  composition(given).map((piece) => (piece.kind === 'copy' ? [piece.slice] : piece.slices));

test('every byte of every source is taken once and in order', () => {
  fc.assert(
    fc.property(sizes, (given) => {
      const reached = given.map(() => 0);
      let source = 0;
      for (const slice of slicesOf(given).flat()) {
        expect(slice.source).toBeGreaterThanOrEqual(source);
        expect(slice.start).toBe(reached[slice.source]);
        source = slice.source;
        reached[source] = slice.end;
      }
      expect(reached).toEqual(given);
    }),
  );
});

test('every piece but the last is large enough for S3', () => {
  fc.assert(
    fc.property(sizes, (given) => {
      for (const slices of slicesOf(given).slice(0, -1)) {
        expect(bytesIn(slices)).toBeGreaterThanOrEqual(LEAST_PART_BYTES);
      }
    }),
  );
});

test('no more than 10 MiB is read at once', () => {
  fc.assert(
    fc.property(sizes, (given) => {
      for (const piece of composition(given)) {
        if (piece.kind === 'join') expect(bytesIn(piece.slices)).toBeLessThan(2 * LEAST_PART_BYTES);
      }
    }),
  );
});
