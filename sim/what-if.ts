/**
 * What other settings would have cost an app, and how long its callers would have waited: its own history of requests,
 * played once for each choice. No other platform's rules are in here: it is shipped.
 */
import type { AppSpec } from '../runtime/domain/app-spec';
import { instancesFor, type InstanceType } from '../runtime/domain/machine-catalog';
import { UserError } from '../runtime/domain/user-error';
import { adaptivePolicy } from './adaptive';
import { percentile } from './compare';
import { controllerPolicy } from './controller';
import { simulate } from './simulation';
import { startTimes } from './start-times';
import type { Trace } from './trace';

/** Settings that are tried. The first of each list of `Choices` is what the app has now. */
export interface Choice {
  readonly machine_type: string;
  readonly min_concurrency: number;
  readonly max_concurrency: number;
  /** Seconds. */
  readonly keep_alive: number;
  readonly scaling_policy: AppSpec['scaling_policy'];
}

export type Choices = { readonly [Field in keyof Choice]: readonly [Choice[Field], ...Choice[Field][]] };

export interface WhatIfSettings {
  /** What the app has beside the choices. */
  readonly spec: AppSpec;
  /** A start with nothing warm, seconds. */
  readonly startSeconds: number;
  readonly choices: Choices;
  /** Told after each choice how many of all are done. */
  readonly onProgress?: (done: number, all: number) => void;
}

export interface Outcome extends Choice {
  readonly instance: string;
  /** On-demand dollars for the time of the history, at the catalog's prices. */
  readonly usd: number;
  readonly gpu_hours: number;
  readonly starts: number;
  /** Seconds. */
  readonly mean_wait_s: number;
  readonly p95_wait_s: number;
  /** Requests that were never served. */
  readonly unserved: number;
}

export interface WhatIf {
  readonly requests: number;
  readonly days: number;
  readonly current: Outcome;
  /** All that was tried, cheapest first. */
  readonly outcomes: readonly Outcome[];
  /** The cheapest that keeps callers waiting for no longer than now, in the mean and for 95 % of them. */
  readonly recommended: Outcome;
}

/** Plays the history with every combination of the choices. Throws a `UserError` for a machine that has no price. */
export function whatIf(trace: Trace, { spec, startSeconds, choices, onProgress }: WhatIfSettings): WhatIf {
  const all = combinations(choices);
  const outcomes = all.map((choice, index) => {
    const outcome = played(trace, spec, startSeconds, choice);
    onProgress?.(index + 1, all.length);
    return outcome;
  });
  const [current] = outcomes;
  if (current === undefined) throw new RangeError('There is no choice');
  const byCost = [...outcomes].sort((a, b) => a.usd - b.usd || a.mean_wait_s - b.mean_wait_s);
  const last = trace.arrivalMs[trace.arrivalMs.length - 1] ?? 0;
  return {
    requests: trace.app.length,
    days: last / DAY_MS,
    current,
    outcomes: byCost,
    recommended: byCost.find((outcome) => asGood(outcome, current)) ?? current,
  };
}

/** The line that applies a choice to a running app. The machine is part of a deployment and not in it. */
export function scaleLine(app: string, choice: Choice): string {
  const { min_concurrency: min, max_concurrency: max, keep_alive: keepAlive } = choice;
  return `sgpu app scale ${app} --min-concurrency ${min} --max-concurrency ${max} --keep-alive ${keepAlive}`;
}

/** The same as class attributes of a fal.App, which every way of deploying reads. */
export function appAttributes({ machine_type: machine, ...choice }: Choice): string {
  return [
    `machine_type = ${JSON.stringify(machine)}`,
    `min_concurrency = ${choice.min_concurrency}`,
    `max_concurrency = ${choice.max_concurrency}`,
    `keep_alive = ${choice.keep_alive}`,
    ...(choice.scaling_policy === 'fal' ? [] : [`scaling_policy = ${JSON.stringify(choice.scaling_policy)}`]),
  ].join('\n');
}

/** The same as props of a `ServerlessGpuApp`. The policy is an attribute of the app. */
export function cdkProps(choice: Choice): string {
  return [
    `machineType: '${choice.machine_type}',`,
    `minConcurrency: ${choice.min_concurrency},`,
    `maxConcurrency: ${choice.max_concurrency},`,
    `keepAlive: Duration.seconds(${choice.keep_alive}),`,
  ].join('\n');
}

const DAY_MS = 86_400_000;

function asGood(outcome: Outcome, current: Outcome): boolean {
  return (
    outcome.unserved <= current.unserved &&
    outcome.mean_wait_s <= current.mean_wait_s &&
    outcome.p95_wait_s <= current.p95_wait_s
  );
}

function combinations(choices: Choices): readonly Choice[] {
  return choices.machine_type.flatMap((machine_type) =>
    choices.scaling_policy.flatMap((scaling_policy) =>
      choices.min_concurrency.flatMap((min_concurrency) =>
        choices.max_concurrency
          .filter((max) => max >= min_concurrency)
          .flatMap((max_concurrency) =>
            choices.keep_alive.map((keep_alive) => ({
              machine_type,
              scaling_policy,
              min_concurrency,
              max_concurrency,
              keep_alive,
            })),
          ),
      ),
    ),
  );
}

function played(trace: Trace, spec: AppSpec, startSeconds: number, choice: Choice): Outcome {
  const { machine_type: machine, ...scaling } = choice;
  const instance = pricedInstance(machine, spec.num_gpus);
  const whole: AppSpec = { ...spec, ...scaling, machine_type: [machine] };
  // A CPU machine counts as one with a single GPU: what is rented is the instance.
  const gpus = Math.max(1, instance.gpus);
  const result = simulate(trace, {
    policy: choice.scaling_policy === 'adaptive' ? adaptivePolicy() : controllerPolicy(),
    startTimes: startTimes(startSeconds),
    spec: () => whole,
    gpus: () => (instance.gpus === 0 ? 1 : (spec.num_gpus ?? 1)),
    machines: { gpusPerMachine: gpus },
  });
  const waits = result.waitMs.filter((wait) => !Number.isNaN(wait)).sort();
  return {
    ...choice,
    instance: instance.name,
    usd: (result.gpuHours / gpus) * (instance.usdPerHour ?? 0),
    gpu_hours: result.gpuHours,
    starts: result.starts,
    mean_wait_s: waits.length === 0 ? 0 : waits.reduce((sum, wait) => sum + wait, 0) / waits.length / 1000,
    p95_wait_s: waits.length === 0 ? 0 : percentile(waits, 0.95) / 1000,
    unserved: result.deadLetters + result.unfinished,
  };
}

function pricedInstance(machine: string, numGpus = 1): InstanceType {
  const [instance] = instancesFor(machine, numGpus);
  if (instance?.usdPerHour === undefined) {
    throw new UserError(`${machine} with ${numGpus} GPUs has no on-demand price: name another machine type`);
  }
  return instance;
}
