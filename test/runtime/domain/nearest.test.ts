import fc from 'fast-check';
import { didYouMean, nearest } from '../../../runtime/domain/nearest';

const FIELDS = ['keep_alive', 'min_concurrency', 'max_concurrency'];

test('a letter missing, doubled, wrong or swapped, or the wrong case, still finds the name', () => {
  for (const mistyped of ['keep_aliv', 'keep_alivee', 'keep-alive', 'keep_ailve', 'KEEP_ALIVE']) {
    expect(nearest(mistyped, FIELDS)).toBe('keep_alive');
  }
});

test('what resembles nothing gets no suggestion', () => {
  expect(nearest('colour', FIELDS)).toBeUndefined();
  expect(nearest('x', [])).toBeUndefined();
  expect(didYouMean('colour', FIELDS)).toBe('');
});

test('of equally near names the first is suggested', () => {
  expect(nearest('GPU-A10', ['GPU-A10G', 'GPU-A100'])).toBe('GPU-A10G');
});

test('a known name is nearest to itself', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, selector: (name) => name.toLowerCase() }),
      (known) => {
        for (const name of known) expect(nearest(name, known)).toBe(name);
      },
    ),
  );
});
