/** Random numbers that a seed decides: the same seed gives the same numbers on every machine. */

/**
 * A stream of random numbers. The generator is `sfc32` (Chris Doty-Humphrey, PractRand): 128 bits of state, passes
 * BigCrush, and its 32-bit arithmetic is exact in JavaScript.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** `stream` separates what must not disturb each other: a start more must not change the services of a run. */
  constructor(
    readonly seed: number,
    stream = '',
  ) {
    const hash = hashOf(stream);
    this.a = seed >>> 0;
    this.b = Math.floor(seed / 2 ** 32) ^ hash;
    this.c = hash ^ 0x9e3779b9;
    for (let round = 0; round < 15; round += 1) this.bits();
  }

  /** At least 0, below 1. */
  unit(): number {
    return (this.bits() >>> 0) / 2 ** 32;
  }

  /** A whole number at least 0 and below `limit`. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.unit());
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  /** Log-normal by its mean and its coefficient of variation; a coefficient of 0 gives the mean and draws nothing. */
  logNormal(mean: number, variation: number): number {
    if (mean === 0 || variation === 0) return mean;
    const variance = Math.log(1 + variation * variation);
    return mean * Math.exp(Math.sqrt(variance) * this.normal() - variance / 2);
  }

  /** Pareto by its mean; `shape` must be above 1, and below 2 its variance is infinite. */
  pareto(mean: number, shape: number): number {
    const least = (mean * (shape - 1)) / shape;
    return least / (1 - this.unit()) ** (1 / shape);
  }

  private bits(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + sum) | 0;
    return sum;
  }
}

/** FNV-1a over the UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash | 0;
}
