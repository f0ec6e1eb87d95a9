/** Where the history comes from that `sgpu simulate` plays: a platform's own records, a CSV file, an exported day. */
import { readFileSync } from 'node:fs';
import type { Decision } from '../runtime/domain/app';
import type { RequestHead } from '../runtime/domain/request';
import type { RunnerRecord } from '../runtime/domain/runner';
import { UserError } from '../runtime/domain/user-error';
import type { Records } from '../sim/recorded-day';
import { requestsOf, traceOf, type Trace } from '../sim/trace';
import type { AdminClient } from './admin-client';
import { appRecord } from './apps/app-record';

/** As many records as the admin API gives at once. */
const PAGE = 1_000;

/** A history of more requests is played from its latest ones. */
const MOST_REQUESTS = 100_000;

/** What a platform has on record about an app, the latest requests first. */
export async function recordsOf(client: AdminClient, name: string): Promise<Records> {
  const { id: app, spec } = await appRecord(client, name);
  const requests = await requestsFrom(client, app);
  const since = Math.max(1, Math.min(...requests.map(({ submittedAt }) => submittedAt), Date.now()));
  const [{ runners }, { decisions }] = await Promise.all([
    client.ofApp<{ readonly runners: readonly RunnerRecord[] }>('GET', app, `/runners?since=${since}`),
    client.ofApp<{ readonly decisions: readonly Decision[] }>('GET', app, `/decisions?limit=${PAGE}`),
  ]);
  return { app, spec, requests, runners, decisions: decisions.filter(({ at }) => at >= since) };
}

async function requestsFrom(client: AdminClient, app: string): Promise<readonly RequestHead[]> {
  const found: RequestHead[] = [];
  for (;;) {
    const last = found.at(-1)?.id;
    const before = last === undefined ? '' : `&before=${encodeURIComponent(last)}`;
    const { requests } = await client.ofApp<{ readonly requests: readonly RequestHead[] }>(
      'GET',
      app,
      `/requests?limit=${PAGE}${before}`,
    );
    found.push(...requests);
    if (requests.length < PAGE || found.length >= MOST_REQUESTS) return found;
  }
}

/** The requests of one app of a trace. */
export function ofApp(trace: Trace, app: string | undefined): Trace {
  const known = trace.apps.join(', ');
  if (app === undefined) {
    if (trace.apps.length === 1) return trace;
    throw new UserError(`The history holds ${trace.apps.length} apps: name one with --app, of ${known}`);
  }
  if (!trace.apps.includes(app)) throw new UserError(`The history has no app ${JSON.stringify(app)}: it has ${known}`);
  return traceOf([...requestsOf(trace)].filter((request) => request.app === app));
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
