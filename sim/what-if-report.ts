/** A what-if as a page that needs nothing else: a table and a plot of waiting against cost. */
import type { Outcome, WhatIf } from './what-if';

export function whatIfHtml(app: string, result: WhatIf, apply: string): string {
  const { requests, days, current, recommended, outcomes } = result;
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    `<title>${escaped(app)}: what other settings would have cost</title>`,
    '<style>body{font:15px sans-serif;max-width:60em;margin:2em auto}td,th{padding:.2em .7em;text-align:right}tr.best{background:#dfd}tr.now{background:#eef}pre{background:#f4f4f4;padding:1em}</style>',
    `<h1>${escaped(app)}</h1>`,
    `<p>${requests} requests in ${days.toFixed(2)} days, played with ${outcomes.length} settings.</p>`,
    plot(result),
    '<table><tr><th>machine</th><th>policy</th><th>min</th><th>max</th><th>keep_alive, s</th><th>$</th><th>GPU-hours</th><th>mean wait, s</th><th>p95, s</th><th>starts</th></tr>',
    ...outcomes.map((outcome) =>
      tableRow(outcome, outcome === recommended ? 'best' : outcome === current ? 'now' : ''),
    ),
    '</table>',
    `<h2>Recommended</h2><pre>${escaped(apply)}</pre>`,
    '<p>Blue: as it is now. Green: the cheapest whose callers wait no longer. On-demand prices; service times as recorded.</p></html>',
    '',
  ].join('\n');
}

function tableRow(outcome: Outcome, kind: string): string {
  const cells = [
    outcome.machine_type,
    outcome.scaling_policy,
    outcome.min_concurrency,
    outcome.max_concurrency,
    outcome.keep_alive,
    outcome.usd.toFixed(2),
    outcome.gpu_hours.toFixed(2),
    outcome.mean_wait_s.toFixed(1),
    outcome.p95_wait_s.toFixed(1),
    outcome.starts,
  ];
  return `<tr class="${kind}">${cells.map((cell) => `<td>${escaped(String(cell))}</td>`).join('')}</tr>`;
}

function plot({ outcomes, current, recommended }: WhatIf): string {
  const most = (values: readonly number[]): number => Math.max(1e-9, ...values) * 1.05;
  const usd = most(outcomes.map((outcome) => outcome.usd));
  const wait = most(outcomes.map((outcome) => outcome.mean_wait_s));
  const dots = outcomes.map((outcome) => {
    const colour = outcome === recommended ? '#2a2' : outcome === current ? '#33c' : '#999';
    const x = Math.round(50 + (500 * outcome.usd) / usd);
    const y = Math.round(260 - (240 * outcome.mean_wait_s) / wait);
    return `<circle cx="${x}" cy="${y}" r="${colour === '#999' ? 4 : 7}" fill="${colour}"/>`;
  });
  return [
    '<svg viewBox="0 0 600 300" width="600" height="300"><path d="M50 10V260H590" fill="none" stroke="#000"/>',
    ...dots,
    `<text x="320" y="290" text-anchor="middle">dollars (to ${usd.toFixed(2)})</text>`,
    `<text x="14" y="140" transform="rotate(-90 14 140)" text-anchor="middle">mean wait, s (to ${wait.toFixed(1)})</text></svg>`,
  ].join('\n');
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
