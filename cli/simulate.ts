/** `sgpu simulate`: what other settings would have cost an app, and how long its callers would have waited. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { parseAppSpec } from '../runtime/domain/app-spec';
import { UserError } from '../runtime/domain/user-error';
import { requestsOf, traceOf, type Trace } from '../sim/trace';
import { parseTraceCsv } from '../sim/trace-csv';
import { appAttributes, cdkProps, scaleLine, whatIf, type Outcome, type WhatIf } from '../sim/what-if';
import { whatIfHtml } from '../sim/what-if-report';

interface SimulateOptions {
  readonly app?: string;
  readonly startSeconds: number;
  readonly machineType: readonly string[];
  readonly numGpus: number;
  readonly minConcurrency: readonly number[];
  readonly maxConcurrency: readonly number[];
  readonly keepAlive: readonly number[];
  readonly maxMultiplexing: number;
  readonly json: boolean;
  readonly html?: string;
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'Play the history of an app with other settings: what each would have cost and how long callers waited',
    )
    .argument('<history>', 'CSV with the columns app, arrival_s and service_s')
    .option('--app <name>', 'the app, where the history holds several')
    .requiredOption('--start-seconds <number>', 'how long a runner takes to start when nothing is warm', atLeastZero)
    .requiredOption('--machine-type <types>', 'machine types to try, the present one first', listed)
    .option('--num-gpus <number>', 'GPUs of a runner', wholeNumber, 1)
    .option('--min-concurrency <numbers>', 'to try, the present one first', wholeNumbers, [0, 1])
    .option('--max-concurrency <numbers>', 'to try, the present one first', wholeNumbers, [5])
    .option('--keep-alive <seconds>', 'to try, the present one first', wholeNumbers, [60, 10, 300, 900])
    .option('--max-multiplexing <number>', 'requests that a runner works on at a time', wholeNumber, 1)
    .option('--json', 'everything as JSON', false)
    .option('--html <file>', 'also write a page with a table and a plot')
    .action(simulateHistory);
}

function simulateHistory(file: string, options: SimulateOptions): void {
  const trace = ofApp(parseTraceCsv(read(file), file), options.app);
  const app = trace.apps[0] ?? 'app';
  const progress = process.stderr.isTTY;
  const result = whatIf(trace, {
    spec: parseAppSpec({
      name: 'app',
      machine_type: options.machineType[0],
      num_gpus: options.numGpus,
      max_multiplexing: options.maxMultiplexing,
      startup_timeout: 86_400,
    }),
    startSeconds: options.startSeconds,
    choices: {
      machine_type: atLeastOne(options.machineType),
      min_concurrency: atLeastOne(options.minConcurrency),
      max_concurrency: atLeastOne(options.maxConcurrency),
      keep_alive: atLeastOne(options.keepAlive),
      scaling_policy: ['fal', 'adaptive'],
    },
    onProgress: (done, all) => {
      if (progress) process.stderr.write(`\r${done} of ${all}${done === all ? '\n' : ''}`);
    },
  });
  const apply = howToApply(app, result.recommended);
  if (options.html !== undefined) writeFileSync(options.html, whatIfHtml(app, result, apply));
  process.stdout.write(options.json ? `${JSON.stringify(result, undefined, 2)}\n` : table(result, apply));
}

function howToApply(app: string, recommended: Outcome): string {
  return [
    '# In the CDK app (the scaling policy is set in the class)',
    cdkProps(recommended),
    '',
    '# Or in the fal.App class',
    appAttributes(recommended),
    '',
    '# Or now, without a deployment (machine and policy stay as they are)',
    scaleLine(app, recommended),
    '',
  ].join('\n');
}

function table({ requests, days, outcomes, current, recommended }: WhatIf, apply: string): string {
  const header = [
    '',
    'machine',
    'policy',
    'min',
    'max',
    'keep_alive',
    '$',
    'GPU-hours',
    'mean wait s',
    'p95 s',
    'starts',
  ];
  const rows = outcomes.map((outcome) => [
    outcome === recommended ? '*' : outcome === current ? 'now' : '',
    outcome.machine_type,
    outcome.scaling_policy,
    String(outcome.min_concurrency),
    String(outcome.max_concurrency),
    String(outcome.keep_alive),
    outcome.usd.toFixed(2),
    outcome.gpu_hours.toFixed(2),
    outcome.mean_wait_s.toFixed(1),
    outcome.p95_wait_s.toFixed(1),
    String(outcome.starts),
  ]);
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = [header, ...rows].map((row) =>
    row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '),
  );
  const said =
    recommended === current
      ? 'Nothing that was tried costs less without keeping callers waiting for longer.'
      : `Recommended (*): $${recommended.usd.toFixed(2)} instead of $${current.usd.toFixed(2)}, and callers wait no longer.`;
  return `${requests} requests in ${days.toFixed(2)} days\n\n${lines.join('\n')}\n\n${said}\n\n${apply}`;
}

function ofApp(trace: Trace, app: string | undefined): Trace {
  const known = trace.apps.join(', ');
  if (app === undefined) {
    if (trace.apps.length === 1) return trace;
    throw new UserError(`The history holds ${trace.apps.length} apps: name one with --app, of ${known}`);
  }
  if (!trace.apps.includes(app)) throw new UserError(`The history has no app ${JSON.stringify(app)}: it has ${known}`);
  return traceOf([...requestsOf(trace)].filter((request) => request.app === app));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function atLeastOne<T>(values: readonly T[]): [T, ...T[]] {
  const [first, ...rest] = values;
  if (first === undefined) throw new RangeError('An option without a value');
  return [first, ...rest];
}

function listed(text: string): readonly string[] {
  const values = text.split(',').map((value) => value.trim());
  if (values.some((value) => value === '')) throw new InvalidArgumentError('It must be a list such as A,B.');
  return values;
}

function wholeNumbers(text: string): readonly number[] {
  return listed(text).map(wholeNumber);
}

function wholeNumber(text: string): number {
  const value = atLeastZero(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

function atLeastZero(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value >= 0 && value < Infinity)) throw new InvalidArgumentError('It must be a number, 0 or more.');
  return value;
}
