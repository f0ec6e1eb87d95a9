/** The simulator's command line: `npm run --silent sim -- compare --trace FILE.csv --start-seconds 300`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../runtime/domain/user-error';
import { compare, formatRowsCsv } from './compare';
import { frontierSvg } from './frontier-plot';
import { frontierOf } from './frontier';
import { advantageTable } from './frontier-table';
import { policiesNamed, POLICY_NAMES } from './policies';
import { formatReplay, replay } from './replay';
import { formatReplayedDay, parseRecordedDay, replayDay } from './recorded-day';
import { parseTraceCsv } from './trace-csv';
import { namedTraces, REPORTED_TRACES, TRACE_NAMES, type NamedTrace } from './traces/named';

export const USAGE = `Compares scaling policies on traces of requests.

  npm run --silent sim -- compare --trace FILE.csv --start-seconds 300 [options]
  npm run --silent sim -- frontier --start-seconds 30,90,300 [--traces A,B] [--out FOLDER] [options]
  npm run --silent sim -- replay --trace FILE.csv --start-seconds 300 --keep-alive 60 [--scaling-policy adaptive]
  npm run --silent sim -- replay DAY.json

compare

The trace has the columns app, arrival_s and service_s. Prints one row for each policy and value of its knob:
policy, knob, mean_wait_s, p50_wait_s, p95_wait_s, gpu_hours, starts, delayed_share (waited for over a second).

  --trace FILE                  the trace, CSV
  --start-seconds N             a start of a runner with nothing warm, 0 to 3000
  --policies A,B                of ${POLICY_NAMES.join(', ')}
                                (default: all)
  --shared-machines             one pool of machines for all apps, warm for a time when empty
  --machine-keep-alive N        seconds that an empty machine stays (default 300 when shared, else 0)
  --tick-seconds N              how often the controller looks (default 1, as on one machine; 10 on AWS)
  --lag-seconds N               from a decision until the fleet has it (default 0)
  --start-variation N           coefficient of variation of the stages of a start (default 0)
  --seed N                      decides everything random (default 1)
  --json                        rows as JSON, with the number of unserved requests

frontier sweeps the knobs of all policies over traces that come with the simulator, prints how the adaptive policy compares
with the best of the others at equal GPU-hours, and writes an SVG for each trace and start to --out.

  --traces A,B                  of ${TRACE_NAMES.join(', ')}
                                (default: those the policy was not tuned on; --trace FILE for one of yours)
  --out FOLDER                  where plots go (default: none are made)

replay runs one day as the controller would and says how far from a clairvoyant it was. A day that a platform recorded
(sgpu simulate --app NAME --export DAY.json) is compared with what really happened.

  --keep-alive N                keep_alive of the apps, seconds (default 60)
  --scaling-policy NAME         fal or adaptive (default fal)
`;

/** Runs the command line and returns what it prints. Throws a `UserError` for what can't be. */
export function run(args: readonly string[]): string {
  const { values, positionals } = parsed(args);
  if (values.help === true || positionals.length === 0) return USAGE;
  const [first, day, ...more] = positionals;
  if (first === 'replay' && day !== undefined && more.length === 0) return runRecordedReplay(day, values);
  const command = positionals.join(' ');
  if (command === 'frontier') return runFrontier(values);
  if (command === 'replay') return runReplay(values);
  if (command === 'compare') return runCompare(values);
  throw new UserError(`There is no command ${JSON.stringify(command)}: there are compare, frontier and replay`);
}

type Values = ReturnType<typeof parsed>['values'];

function runCompare(values: Values): string {
  if (values.trace === undefined) throw new UserError('--trace is missing: it names a CSV file with the requests');
  const rows = compare(
    parseTraceCsv(readTrace(values.trace), values.trace),
    policiesNamed(listed(values.policies) ?? POLICY_NAMES, {
      tickMs: 1000 * number('tick-seconds', values['tick-seconds'] ?? '1', 0.001, 3600),
    }),
    {
      startSeconds: number('start-seconds', values['start-seconds'], 0, LONGEST_START_S),
      sharedMachines: values['shared-machines'] ?? false,
      ...(values['machine-keep-alive'] === undefined
        ? {}
        : { machineKeepAliveSeconds: number('machine-keep-alive', values['machine-keep-alive'], 0, 604_800) }),
      lagSeconds: number('lag-seconds', values['lag-seconds'] ?? '0', 0, 600),
      startVariation: number('start-variation', values['start-variation'] ?? '0', 0, 10),
      seed: number('seed', values.seed ?? '1', 0, Number.MAX_SAFE_INTEGER),
    },
  );
  return values.json === true ? `${JSON.stringify(rows, undefined, 2)}\n` : formatRowsCsv(rows);
}

function runFrontier(values: Values): string {
  const starts = (values['start-seconds'] ?? '30,90,300').split(',');
  const names = listed(values.policies) ?? POLICY_NAMES.filter((name) => name !== 'controller');
  const traces = tracesOf(values);
  const frontiers = traces.flatMap((trace) =>
    starts.map((start) =>
      frontierOf(trace, policiesNamed(names), {
        startSeconds: number('start-seconds', start, 0, LONGEST_START_S),
        sharedMachines: values['shared-machines'] ?? false,
      }),
    ),
  );
  if (values.out !== undefined) {
    mkdirSync(values.out, { recursive: true });
    for (const frontier of frontiers) {
      const file = join(values.out, `${frontier.trace}-${frontier.startSeconds}`);
      writeFileSync(`${file}.svg`, frontierSvg(frontier));
      writeFileSync(`${file}-p95.svg`, frontierSvg(frontier, 'p95_wait_s'));
    }
  }
  return values.json === true ? `${JSON.stringify(frontiers, undefined, 2)}\n` : advantageTable(frontiers);
}

function tracesOf({ trace, traces }: Values): readonly NamedTrace[] {
  if (trace === undefined) return namedTraces(process.cwd(), traces?.split(',') ?? REPORTED_TRACES);
  return [{ name: basename(trace, '.csv'), use: 'report', trace: parseTraceCsv(readTrace(trace), trace) }];
}

function runReplay(values: Values): string {
  if (values.trace === undefined) throw new UserError('--trace is missing: it names a CSV file with the requests');
  const policy = values['scaling-policy'] ?? 'fal';
  if (policy !== 'fal' && policy !== 'adaptive')
    throw new UserError(`--scaling-policy is ${JSON.stringify(policy)}: it must be fal or adaptive`);
  const result = replay(parseTraceCsv(readTrace(values.trace), values.trace), {
    startSeconds: number('start-seconds', values['start-seconds'], 0, LONGEST_START_S),
    spec: { keep_alive: number('keep-alive', values['keep-alive'] ?? '60', 0, 604_800), scaling_policy: policy },
  });
  return values.json === true ? `${JSON.stringify(result, undefined, 2)}\n` : formatReplay(result);
}

function runRecordedReplay(file: string, values: Values): string {
  const replayed = replayDay(parseRecordedDay(readTrace(file), file));
  return values.json === true ? `${JSON.stringify(replayed, undefined, 2)}\n` : formatReplayedDay(replayed);
}

/** Runs the command line of this process. */
export function main(): void {
  try {
    process.stdout.write(run(process.argv.slice(2)));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** A longer one has stages that the controller takes for stuck (`runner-deadline.ts`). */
const LONGEST_START_S = 3_000;

const OPTIONS = {
  trace: { type: 'string' },
  'start-seconds': { type: 'string' },
  policies: { type: 'string' },
  'shared-machines': { type: 'boolean' },
  'machine-keep-alive': { type: 'string' },
  'tick-seconds': { type: 'string' },
  'lag-seconds': { type: 'string' },
  'start-variation': { type: 'string' },
  seed: { type: 'string' },
  traces: { type: 'string' },
  out: { type: 'string' },
  'keep-alive': { type: 'string' },
  'scaling-policy': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parsed(
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UserError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function number(option: string, text: string | undefined, least: number, most: number): number {
  if (text === undefined) throw new UserError(`--${option} is missing: it must be a number from ${least} to ${most}`);
  const value = text.trim() === '' ? NaN : Number(text);
  if (value >= least && value <= most) return value;
  throw new UserError(`--${option} is ${JSON.stringify(text)}: it must be a number from ${least} to ${most}`);
}

function listed(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  const given = names.filter((name) => name !== '');
  if (given.length === 0) throw new UserError(`--policies names none; there are ${POLICY_NAMES.join(', ')}`);
  return given;
}

function readTrace(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
