/** Traces that the frontier is drawn on. What was looked at while the policy was made is not what it is reported on. */
import { UserError } from '../../runtime/domain/user-error';
import { didYouMean } from '../../runtime/domain/nearest';
import { Random } from '../random';
import { merged, requestsOf, traceOf, type Trace } from '../trace';
import { azureFunctionsTrace } from './azure-functions';
import { azureLlmTrace } from './azure-llm';
import { mooncakeTrace } from './mooncake';
import {
  bursts,
  diurnal,
  exponentialService,
  flashCrowd,
  heavyTailedService,
  poisson,
  type SyntheticApp,
} from './synthetic';

export interface NamedTrace {
  readonly name: string;
  readonly use: 'tuning' | 'report';
  readonly trace: Trace;
}

/** The named traces. `root` is the folder of the package. */
export function namedTraces(root: string, names: readonly string[]): readonly NamedTrace[] {
  return names.map((name) => {
    const maker = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
    if (maker === undefined)
      throw new UserError(
        `There is no trace ${JSON.stringify(name)}${didYouMean(name, TRACE_NAMES)}; there are ${TRACE_NAMES.join(', ')}`,
      );
    return { name, use: maker.use, trace: maker.make(root) };
  });
}

interface Maker {
  readonly use: NamedTrace['use'];
  readonly make: (root: string) => Trace;
}

const HALF_DAY_S = 43_200;

const MAKERS: Readonly<Record<string, Maker>> = {
  'azure-functions-a': { use: 'tuning', make: (root) => functions(root, 0) },
  poisson: { use: 'tuning', make: () => apps(20, (app, index, random) => poisson(app, rateOf(index), random)) },
  bursts: {
    use: 'tuning',
    make: () => apps(5, (app, _, random) => bursts(app, { everyS: 1800, size: 30, spreadS: 60 }, random)),
  },
  'azure-functions-b': { use: 'tuning', make: (root) => functions(root, 4) },
  'azure-functions-c': { use: 'report', make: (root) => functions(root, 2) },
  'azure-llm-code': { use: 'report', make: (root) => azureLlmTrace(root, 'code') },
  'mooncake-conversation': { use: 'report', make: (root) => mooncakeTrace(root, 'conversation') },
  diurnal: { use: 'tuning', make: () => apps(10, (app, index, random) => diurnal(app, rateOf(index), random), 86_400) },
  'heavy-tailed': {
    use: 'report',
    make: () =>
      apps(10, (app, index, random) => poisson({ ...app, service: heavyTailedService(20) }, rateOf(index), random)),
  },
  'flash-crowd': {
    use: 'report',
    make: () =>
      apps(3, (app, _, random) =>
        flashCrowd(app, { perSecond: 1 / 300, atS: HALF_DAY_S / 2, peak: 300, halfLifeS: 900 }, random),
      ),
  },
};

export const TRACE_NAMES: readonly string[] = Object.keys(MAKERS);
export const REPORTED_TRACES: readonly string[] = TRACE_NAMES.filter((name) => MAKERS[name]?.use === 'report');

/** An eighth of the functions that are called up to 400 times a day, with execution times stretched to those of GPU work. */
function functions(root: string, offset: number): Trace {
  const all = azureFunctionsTrace(root, new Random(1), { maxCallsADay: 400, serviceScale: 5 });
  const kept = new Set(all.apps.filter((_, index) => index % 8 === offset));
  return traceOf([...requestsOf(all)].filter(({ app }) => kept.has(app)));
}

function apps(
  count: number,
  make: (app: SyntheticApp, index: number, random: Random) => Trace,
  durationS: number = HALF_DAY_S,
): Trace {
  return merged(
    Array.from({ length: count }, (_, index) =>
      make({ app: `app-${index}`, durationS, service: exponentialService(10) }, index, new Random(index)),
    ),
  );
}

/** From a call in 50 minutes to one in half a minute. */
function rateOf(index: number): number {
  return [1 / 3000, 1 / 1000, 1 / 300, 1 / 100, 1 / 30][index % 5] ?? 0;
}
