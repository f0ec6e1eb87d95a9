/** docs/costs.md from measured steps. */

export interface Step {
  readonly name: string;
  /** How often what the step is named after happened; a part of one where only a part was measured. */
  readonly repeats: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  /** IAM's names of all calls made: `sqs:SendMessage`. */
  readonly calls: readonly string[];
  readonly lambdaCalls: number;
  readonly lambdaGbSeconds: number;
}

/** USD in us-east-1, on demand, as third parties published them in 2026; without any free tier. */
const PRICE = {
  writeUnit: 0.625e-6,
  readUnit: 0.125e-6,
  sqs: 0.4e-6,
  s3Put: 5e-6,
  s3Get: 0.4e-6,
  lambdaCall: 0.2e-6,
  /** Arm. */
  lambdaGbSecond: 0.0000133334,
} as const;

const S3_PUTS: ReadonlySet<string> = new Set(['s3:PutObject', 's3:ListBucket', 's3:ListBucketVersions']);

interface Costs {
  readonly dynamo: number;
  readonly sqs: number;
  readonly s3: number;
  readonly lambda: number;
}

export function costsPage(steps: readonly Step[]): string {
  return `# What the platform costs beside its machines

Made by \`npm run costs\`: the synthesised template in emulators, its bundled functions, an app and its agent as processes;
every AWS call counted. DynamoDB's units come from the items before and after each write. Lambda's time is that of the
handlers on the machine that measured, at the memory the template gives them: Lambda itself was not at hand, so that
column is an estimate. Prices: us-east-1, on demand, 2026, no free tier: DynamoDB $0.625 and $0.125 a million write and
read units, SQS $0.40 a million calls, S3 $5 and $0.40 a million writes and reads, Lambda $0.20 a million calls and
$0.0000133 a GB-second (Arm). ECS, Auto Scaling and SSM calls cost nothing. Logs, metrics, data transfer and storage come
on top, and so do machines: see the price table of the machine types.

| What | write units | read units | SQS | S3 | Lambda | DynamoDB, $ a million | SQS | S3 | Lambda | sum, $ a million |
|---|---|---|---|---|---|---|---|---|---|---|
${steps.map(row).join('\n')}

A row is for one of what it names; for hours, "a million" is a million hours.

${aims(steps)}`;
}

function row(step: Step): string {
  const each = (total: number, digits = 1): string => (total / step.repeats).toFixed(digits);
  const costs = costsOf(step);
  const millions = [costs.dynamo, costs.sqs, costs.s3, costs.lambda, sum(costs)].map((dollars) =>
    (dollars * 1e6).toFixed(2),
  );
  const counts = [each(step.writeUnits), each(step.readUnits), each(count(step, 'sqs:')), each(count(step, 's3:'))];
  return `| ${[step.name, ...counts, each(step.lambdaCalls), ...millions].join(' | ')} |`;
}

function costsOf({ repeats, writeUnits, readUnits, calls, lambdaCalls, lambdaGbSeconds }: Step): Costs {
  const s3 = calls.filter((action) => action.startsWith('s3:'));
  const puts = s3.filter((action) => S3_PUTS.has(action)).length;
  return {
    dynamo: (writeUnits * PRICE.writeUnit + readUnits * PRICE.readUnit) / repeats,
    sqs: (calls.filter((action) => action.startsWith('sqs:')).length * PRICE.sqs) / repeats,
    s3: (puts * PRICE.s3Put + (s3.length - puts) * PRICE.s3Get) / repeats,
    lambda: (lambdaCalls * PRICE.lambdaCall + lambdaGbSeconds * PRICE.lambdaGbSecond) / repeats,
  };
}

function aims(steps: readonly Step[]): string {
  const queued = steps.find(({ name }) => name.startsWith('a queued request'));
  const idle = steps.find(({ name }) => name.includes('no runner'));
  const lines = [
    queued && `- A queued request: $${(sum(costsOf(queued)) * 1e6).toFixed(2)} a million; the aim is $5.`,
    idle &&
      `- The platform at rest: $${(sum(costsOf(idle)) * 730).toFixed(2)} a month; the aim, with everything else that rests, is $1.50.`,
  ];
  return `## Against the aims\n\n${lines.filter((line) => line !== undefined).join('\n')}\n`;
}

function count({ calls }: Step, prefix: string): number {
  return calls.filter((action) => action.startsWith(prefix)).length;
}

function sum({ dynamo, sqs, s3, lambda }: Costs): number {
  return dynamo + sqs + s3 + lambda;
}
