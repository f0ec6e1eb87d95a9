/** `sgpu simulate`: what other settings would have cost an app, and how long its callers would have waited. */
import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { parseAppSpec, type AppSpec } from '../runtime/domain/app-spec';
import { UserError } from '../runtime/domain/user-error';
import {
  formatReplayedDay,
  parseRecordedDay,
  recordedDay,
  replayDay,
  traceOfDay,
  type RecordedDay,
} from '../sim/recorded-day';
import type { Trace } from '../sim/trace';
import { parseTraceCsv } from '../sim/trace-csv';
import { whatIf } from '../sim/what-if';
import { whatIfHtml } from '../sim/what-if-report';
import { openSession, platformCommand, type PlatformOptions } from './platform-command';
import { Output } from './output';
import { ofApp, readText, recordsOf } from './simulate-history';
import { howToApply, whatIfTable } from './simulate-table';

interface SimulateOptions extends PlatformOptions {
  readonly app?: string;
  readonly startSeconds?: number;
  readonly machineType?: readonly string[];
  readonly numGpus?: number;
  readonly minConcurrency?: readonly number[];
  readonly maxConcurrency?: readonly number[];
  readonly keepAlive?: readonly number[];
  readonly maxMultiplexing?: number;
  readonly html?: string;
  readonly export?: string;
  readonly replay?: string;
}

export function simulateCommand(): Command {
  return platformCommand('simulate')
    .summary('what other settings would have cost an app')
    .description(
      'Plays the history of an app with other settings: what each would have cost and how long callers waited. The history ' +
        'is what the platform has on record about --app, or a CSV file.',
    )
    .argument('[history]', 'CSV with the columns app, arrival_s and service_s')
    .option('--app <name>', 'the app; without a CSV file, one of the platform')
    .option('--start-seconds <number>', 'how long a runner takes to start (default: as on record)', atLeastZero)
    .option('--machine-type <types>', "machine types to try, the present one first (default: the app's)", listed)
    .option('--num-gpus <number>', "GPUs of a runner (default: the app's, else 1)", wholeNumber)
    .option('--min-concurrency <numbers>', 'to try, the present one first', wholeNumbers)
    .option('--max-concurrency <numbers>', 'to try, the present one first', wholeNumbers)
    .option('--keep-alive <seconds>', 'to try, the present one first', wholeNumbers)
    .option(
      '--max-multiplexing <number>',
      "requests that a runner works on at a time (default: the app's, else 1)",
      wholeNumber,
    )
    .option('--html <file>', 'also write a page with a table and a plot')
    .option('--export <file>', 'write what is on record as JSON, for --replay, and play nothing')
    .option('--replay <file>', 'play an exported day as the controller would act, beside what happened')
    .addHelpText(
      'after',
      `
JSON: {"requests","days","current","recommended","outcomes":[{"machine_type","min_concurrency","max_concurrency","keep_alive",
       "scaling_policy","instance","usd","gpu_hours","starts","mean_wait_s","p95_wait_s","unserved"}]}

Examples:
  sgpu simulate --app painter --keep-alive 60,10,300
  sgpu simulate history.csv --start-seconds 120 --machine-type GPU-L4 --html report.html
  sgpu simulate --app painter --export day.json
  sgpu simulate --replay day.json`,
    )
    .action(async function (this: Command, file: string | undefined) {
      await simulateHistory(file, this.opts<SimulateOptions>());
    });
}

async function simulateHistory(file: string | undefined, options: SimulateOptions): Promise<void> {
  const output = new Output(options);
  if (options.replay !== undefined) {
    const replayed = replayDay(parseRecordedDay(readText(options.replay), options.replay));
    output.result(replayed, () => formatReplayedDay(replayed).trimEnd());
    return;
  }
  if (file !== undefined) {
    simulateWith(historyIn(file, options), options, output);
    return;
  }
  const day = await recordedBy(options);
  if (options.export !== undefined) {
    writeFileSync(options.export, `${JSON.stringify(day, undefined, 1)}\n`);
    output.note(
      `${options.export} has ${day.requests.length} requests of ${day.app}: \`sgpu simulate --replay ${options.export}\` plays it`,
    );
    return;
  }
  simulateWith({ app: day.app, trace: traceOfDay(day), spec: day.spec, startSeconds: day.start_s }, options, output);
}

interface History {
  readonly app: string;
  readonly trace: Trace;
  readonly spec: AppSpec;
  readonly startSeconds: number;
}

function historyIn(file: string, { app, startSeconds, machineType }: SimulateOptions): History {
  const trace = ofApp(parseTraceCsv(readText(file), file), app);
  if (startSeconds === undefined)
    throw new UserError('A CSV file does not say how long a start takes: add --start-seconds');
  if (machineType === undefined)
    throw new UserError('A CSV file does not say what the app runs on: add --machine-type');
  return { app: trace.apps[0] ?? 'app', trace, spec: parseAppSpec({ name: 'app', max_concurrency: 5 }), startSeconds };
}

async function recordedBy(options: SimulateOptions): Promise<RecordedDay> {
  if (options.app === undefined)
    throw new UserError('Say whose history is to be played: --app NAME of a platform, or a CSV file');
  const { client } = await openSession(options);
  return recordedDay(await recordsOf(client, options.app), Date.now(), options.startSeconds);
}

function simulateWith({ app, trace, spec, startSeconds }: History, options: SimulateOptions, output: Output): void {
  const { machineType = spec.machine_type, numGpus = spec.num_gpus ?? 1 } = options;
  const result = whatIf(trace, {
    spec: {
      ...spec,
      num_gpus: numGpus,
      max_multiplexing: options.maxMultiplexing ?? spec.max_multiplexing,
      startup_timeout: 86_400,
    },
    startSeconds,
    choices: {
      machine_type: atLeastOne(machineType),
      min_concurrency: atLeastOne(options.minConcurrency ?? withPresent(spec.min_concurrency, [0, 1])),
      max_concurrency: atLeastOne(options.maxConcurrency ?? [spec.max_concurrency]),
      keep_alive: atLeastOne(options.keepAlive ?? withPresent(spec.keep_alive, [10, 60, 300, 900])),
      scaling_policy: spec.scaling_policy === 'adaptive' ? ['adaptive', 'fal'] : ['fal', 'adaptive'],
    },
    onProgress: (done, all) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${all}${done === all ? '\n' : ''}`);
    },
  });
  const apply = howToApply(app, result.recommended);
  if (options.html !== undefined) writeFileSync(options.html, whatIfHtml(app, result, apply));
  output.result(result, () => whatIfTable(result, apply).trimEnd());
}

function withPresent(present: number, others: readonly number[]): readonly number[] {
  return [present, ...others.filter((other) => other !== present)];
}

function atLeastOne<T>(values: readonly T[]): [T, ...T[]] {
  const [first, ...rest] = values;
  if (first === undefined) throw new UserError('There is no machine type: name one with --machine-type');
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
