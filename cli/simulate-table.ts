/** A what-if in words: what each choice would have cost, and how to apply the one that is recommended. */
import { appAttributes, cdkProps, scaleLine, type Outcome, type WhatIf } from '../sim/what-if';

export function howToApply(app: string, recommended: Outcome): string {
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

const HEADER = [
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

export function whatIfTable({ requests, days, outcomes, current, recommended }: WhatIf, apply: string): string {
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
  const widths = HEADER.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = [HEADER, ...rows].map((row) =>
    row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '),
  );
  const said =
    recommended === current
      ? 'Nothing that was tried costs less without keeping callers waiting for longer.'
      : `Recommended (*): $${recommended.usd.toFixed(2)} instead of $${current.usd.toFixed(2)}, and callers wait no longer.`;
  return `${requests} requests in ${days.toFixed(2)} days\n\n${lines.join('\n')}\n\n${said}\n\n${apply}`;
}
