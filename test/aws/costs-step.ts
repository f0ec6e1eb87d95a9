/** What was measured of one thing that costs, and what that amounts to. */
import type { UnitsOfCall } from './dynamo-units';

export interface Step {
  readonly name: string;
  /** How often what the step is named after happened; a part of one where only a part was measured. */
  readonly repeats: number;
  /** How long it took in all. */
  readonly seconds: number;
  readonly dynamo: readonly UnitsOfCall[];
  /** All calls made; `action` is IAM's name of it: `sqs:SendMessage`. */
  readonly calls: readonly { readonly principal: string; readonly action: string }[];
  /** Further calls of SQS that were not made, but would be. */
  readonly sqsPolls: number;
  readonly lambdaCalls: number;
  readonly lambdaGbSeconds: number;
}

/** Of one of what the step is named after. */
export interface Consumption {
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly sqs: number;
  readonly s3Puts: number;
  readonly s3Gets: number;
  readonly lambdaCalls: number;
  readonly lambdaGbSeconds: number;
}

const S3_PUTS: ReadonlySet<string> = new Set(['s3:PutObject', 's3:ListBucket', 's3:ListBucketVersions']);

export interface Measured {
  readonly name: string;
  readonly consumption: Consumption;
  readonly step: Step;
}

export function measured(step: Step): Measured {
  const { name, repeats, dynamo, calls, sqsPolls, lambdaCalls, lambdaGbSeconds } = step;
  const s3 = calls.filter(({ action }) => action.startsWith('s3:'));
  const puts = s3.filter(({ action }) => S3_PUTS.has(action)).length;
  const sums = {
    writeUnits: dynamo.reduce((sum, { write }) => sum + write, 0),
    readUnits: dynamo.reduce((sum, { read }) => sum + read, 0),
    sqs: sqsPolls + calls.filter(({ action }) => action.startsWith('sqs:')).length,
    s3Puts: puts,
    s3Gets: s3.length - puts,
    lambdaCalls,
    lambdaGbSeconds,
  };
  return { name, step, consumption: combined((key) => sums[key] / repeats) };
}

/** What a step takes beyond what its runner takes in the same time anyway. */
export function beside(step: Step, runner: Step): Measured {
  const [whole, idle] = [measured(step), measured(runner).consumption];
  const share = ((step.seconds / runner.seconds) * runner.repeats) / step.repeats;
  return {
    ...whole,
    consumption: combined((key) => Math.max(0, whole.consumption[key] - share * idle[key])),
  };
}

function combined(value: (key: keyof Consumption) => number): Consumption {
  return {
    writeUnits: value('writeUnits'),
    readUnits: value('readUnits'),
    sqs: value('sqs'),
    s3Puts: value('s3Puts'),
    s3Gets: value('s3Gets'),
    lambdaCalls: value('lambdaCalls'),
    lambdaGbSeconds: value('lambdaGbSeconds'),
  };
}
