import { Random } from '../../sim/random';

const SIZE = 100_000;

function mean(draw: (random: Random) => number): number {
  const random = new Random(11);
  return Array.from({ length: SIZE }, () => draw(random)).reduce((sum, value) => sum + value, 0) / SIZE;
}

test('the same seed and stream give the same numbers, others give others', () => {
  const numbers = (seed: number, stream: string): readonly number[] => {
    const random = new Random(seed, stream);
    return Array.from({ length: 5 }, () => random.unit());
  };
  expect(numbers(1, 'a')).toEqual(numbers(1, 'a'));
  expect(numbers(1, 'a')).not.toEqual(numbers(2, 'a'));
  expect(numbers(1, 'a')).not.toEqual(numbers(1, 'b'));
});

test.each([
  ['uniform', (random: Random) => random.unit(), 0.5],
  ['whole', (random: Random) => random.below(5), 2],
  ['exponential', (random: Random) => random.exponential(3), 3],
  ['log-normal', (random: Random) => random.logNormal(3, 0.5), 3],
  ['Pareto', (random: Random) => random.pareto(3, 3), 3],
])('%s numbers have their mean', (_name, draw, expected) => {
  expect(Math.abs(mean(draw) - expected) / expected).toBeLessThan(0.02);
});

test('a variation of 0 gives the mean itself', () => {
  expect(new Random(1).logNormal(300, 0)).toBe(300);
});
