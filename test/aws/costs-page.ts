/** docs/costs.md from measured steps. */
import { measured, type Consumption, type Measured, type Step } from './costs-step';

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

export interface Measurements {
  readonly idle: Step;
  readonly runner: Step;
  /** The first of them is a queued request. */
  readonly requests: readonly Measured[];
}

export function costsPage({ idle, runner, requests }: Measurements): string {
  const rows = [measured(idle), measured(runner), ...requests];
  const [queued] = requests;
  return `# What the platform costs beside its machines

Made by \`npm run costs\`: the synthesised template in emulators, its bundled functions, an app and its agent as processes;
every AWS call counted. DynamoDB's units come from the items before and after each write. Lambda itself was not at hand, so
its column is an estimate: the processor's time of the handlers as measured, stretched to the share of a processor that
their memory buys (1,769 MiB buy one), and 5 ms for each call of DynamoDB, 8 ms for SQS and 50 ms for others; a direct call
and a stream take as long as they took here. Prices: us-east-1, on demand, 2026, no free tier: DynamoDB $0.625 and $0.125 a million write and
read units, SQS $0.40 a million calls, S3 $5 and $0.40 a million writes and reads, Lambda $0.20 a million calls and
$0.0000133 a GB-second (Arm). ECS, Auto Scaling and SSM calls cost nothing. Logs, metrics, data transfer and storage come
on top, and so do machines: see the price table of the machine types.

| What | write units | read units | SQS | S3 | Lambda | DynamoDB, $ a million | SQS | S3 | Lambda | sum, $ a million |
|---|---|---|---|---|---|---|---|---|---|---|
${rows.map(row).join('\n')}

A row is for one of what it names; for hours, "a million" is a million hours. Rows of requests say what a request adds to
the hour of the runner that answers it: heartbeats and polls that happen without it are in the row of the runner. An idle
platform's SQS calls are the long polls that Lambda makes for the controller's queue, five at a time.

${queued === undefined ? '' : calls(queued)}
${aims(measured(idle), queued)}`;
}

function row({ name, consumption }: Measured): string {
  const { writeUnits, readUnits, sqs, s3Puts, s3Gets, lambdaCalls } = consumption;
  const costs = costsOf(consumption);
  const counts = [writeUnits, readUnits, sqs, s3Puts + s3Gets, lambdaCalls].map((count) => count.toFixed(1));
  const dollars = [costs.dynamo, costs.sqs, costs.s3, costs.lambda, sum(costs)].map((cost) => (cost * 1e6).toFixed(2));
  return `| ${[name, ...counts, ...dollars].join(' | ')} |`;
}

/** The calls of a step, as they were made: with those of its runner and of the controller in the same time. */
function calls({ step }: Measured): string {
  const { dynamo, repeats } = step;
  const whats = [...new Set(dynamo.map(({ principal, what }) => `${callerOf(principal)} | ${what}`))].sort();
  const rows = whats.map((name) => {
    const alike = dynamo.filter(({ principal, what }) => `${callerOf(principal)} | ${what}` === name);
    const total = (of: 'write' | 'read'): string => each(alike.reduce((all, call) => all + call[of], 0));
    return `| ${name} | ${each(alike.length)} | ${total('write')} | ${total('read')} |`;
  });
  const others = step.calls.filter(({ action }) => !action.startsWith('dynamodb:'));
  const names = [...new Set(others.map(({ principal, action }) => `${callerOf(principal)} | ${action}`))].sort();
  for (const name of names) {
    const alike = others.filter(({ principal, action }) => `${callerOf(principal)} | ${action}` === name);
    rows.push(`| ${name} | ${each(alike.length)} | | |`);
  }
  function each(total: number): string {
    return (total / repeats).toFixed(2);
  }
  return `## The calls of a queued request

As they were made, for one of ${repeats} requests with ${(step.seconds / repeats).toFixed(1)} s for each, together with what runner and controller do in that
time anyway.

| Who | Call | times | write units | read units |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

function callerOf(principal: string): string {
  return ['Gateway', 'Controller', 'Lifecycle'].find((name) => principal.includes(name))?.toLowerCase() ?? 'agent';
}

function aims(idle: Measured, queued?: Measured): string {
  const lines = [
    queued && `- A queued request: $${(sum(costsOf(queued.consumption)) * 1e6).toFixed(2)} a million; the aim is $5.`,
    `- The platform at rest: $${(sum(costsOf(idle.consumption)) * 730).toFixed(2)} a month; the aim, with everything else that rests, is $1.50.`,
  ];
  return `## Against the aims

${lines.filter((line) => line !== undefined).join('\n')}

What is left of a queued request, and why:

- $3.75 for three conditional writes (submitted, claimed, ended), each with an entry of the index that is the queue. The
  entry is what lost leases, positions and the size of the backlog are found by; without it while a request is in progress,
  $0.63 less, a runner that died would take its request along.
- $1.20 for a ring of its doorbell in SQS, heard and deleted; deletions of 3 s share a call.
- $0.40 for two calls of the gateway, and their time.
- The rest is reads: key and app once a second and gateway, the free runners, the place in the queue, the head twice.
`;
}

interface Costs {
  readonly dynamo: number;
  readonly sqs: number;
  readonly s3: number;
  readonly lambda: number;
}

function costsOf(consumption: Consumption): Costs {
  const { writeUnits, readUnits, sqs, s3Puts, s3Gets, lambdaCalls, lambdaGbSeconds } = consumption;
  return {
    dynamo: writeUnits * PRICE.writeUnit + readUnits * PRICE.readUnit,
    sqs: sqs * PRICE.sqs,
    s3: s3Puts * PRICE.s3Put + s3Gets * PRICE.s3Get,
    lambda: lambdaCalls * PRICE.lambdaCall + lambdaGbSeconds * PRICE.lambdaGbSecond,
  };
}

function sum({ dynamo, sqs, s3, lambda }: Costs): number {
  return dynamo + sqs + s3 + lambda;
}
