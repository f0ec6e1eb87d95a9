/** Made-up traces: the shapes of demand that a policy must get right. Seeded; times are seconds. */
import type { Random } from '../random';
import { traceOf, type Trace, type TraceRequest } from '../trace';

/** Draws a service time in seconds. */
export type ServiceTime = (random: Random) => number;

export const constantService =
  (seconds: number): ServiceTime =>
  () =>
    seconds;

export const exponentialService =
  (meanS: number): ServiceTime =>
  (random) =>
    random.exponential(meanS);

/** Most are short, a few take very long: a Pareto distribution, whose variance is infinite at shapes up to 2. */
export const heavyTailedService =
  (meanS: number, shape = 1.5): ServiceTime =>
  (random) =>
    random.pareto(meanS, shape);

export interface SyntheticApp {
  readonly app: string;
  readonly durationS: number;
  readonly service: ServiceTime;
}

/** Requests at random, at the same rate all the time. */
export function poisson(app: SyntheticApp, perSecond: number, random: Random): Trace {
  return varyingPoisson(app, () => perSecond, perSecond, random);
}

/** Requests at even distances. */
export function regular(app: SyntheticApp, everyS: number, random: Random): Trace {
  const count = Math.ceil(app.durationS / everyS);
  return traceAt(
    app,
    Array.from({ length: count }, (_, index) => index * everyS),
    random,
  );
}

/** Bursts of about `size` requests within `spreadS`, at random every `everyS` in the mean. */
export function bursts(
  app: SyntheticApp,
  { everyS, size, spreadS }: { readonly everyS: number; readonly size: number; readonly spreadS: number },
  random: Random,
): Trace {
  const times: number[] = [];
  for (let at = random.exponential(everyS); at < app.durationS; at += random.exponential(everyS)) {
    const count = Math.max(1, Math.round(random.exponential(size)));
    for (let index = 0; index < count; index += 1) times.push(at + spreadS * random.unit());
  }
  return traceAt(
    app,
    times.filter((at) => at < app.durationS),
    random,
  );
}

/** A rate that rises and falls with the day: `perSecond` in the mean, from nearly nothing at midnight to twice that. */
export function diurnal(app: SyntheticApp, perSecond: number, random: Random): Trace {
  return varyingPoisson(app, (at) => perSecond * (1 - Math.cos((2 * Math.PI * at) / DAY_S)), 2 * perSecond, random);
}

/** A batch at the same time of each day, give or take a normally distributed `jitterS`. */
export function onceADay(
  app: SyntheticApp,
  { atS, size, jitterS }: { readonly atS: number; readonly size: number; readonly jitterS: number },
  random: Random,
): Trace {
  const days = Math.ceil(app.durationS / DAY_S);
  const starts = Array.from({ length: days }, (_, day) => day * DAY_S + atS + jitterS * random.normal());
  const times = starts.flatMap((start) => Array.from({ length: size }, (_, index) => Math.max(0, start + index)));
  return traceAt(
    app,
    times.filter((at) => at < app.durationS),
    random,
  );
}

/** A quiet app that everybody finds at once: from `atS` on `peak` times the rate, which then halves every `halfLifeS`. */
export function flashCrowd(
  app: SyntheticApp,
  crowd: { readonly perSecond: number; readonly atS: number; readonly peak: number; readonly halfLifeS: number },
  random: Random,
): Trace {
  const rate = (at: number): number =>
    at < crowd.atS
      ? crowd.perSecond
      : crowd.perSecond * (1 + (crowd.peak - 1) * 2 ** (-(at - crowd.atS) / crowd.halfLifeS));
  return varyingPoisson(app, rate, crowd.perSecond * crowd.peak, random);
}

const DAY_S = 86_400;

/** A Poisson process whose rate changes, by thinning one of the highest rate. */
function varyingPoisson(app: SyntheticApp, rate: (at: number) => number, highest: number, random: Random): Trace {
  const times: number[] = [];
  for (let at = random.exponential(1 / highest); at < app.durationS; at += random.exponential(1 / highest)) {
    if (random.unit() * highest < rate(at)) times.push(at);
  }
  return traceAt(app, times, random);
}

function traceAt({ app, service }: SyntheticApp, times: readonly number[], random: Random): Trace {
  const requests = times.map((at): TraceRequest => ({
    app,
    arrivalMs: 1000 * at,
    serviceMs: 1000 * service(random),
  }));
  return traceOf(requests);
}
