import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppClient } from '../../../runtime/agent/app-client';
import { HealthChecks } from '../../../runtime/agent/health-checks';
import { parseAppSpec } from '../../../runtime/domain/app-spec';

/** What the app's health check does, call by call; the last goes on. */
type Script = readonly (number | 'hang')[];

const servers: Server[] = [];
const clients: AppClient[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

interface World {
  readonly checks: HealthChecks;
  readonly calls: string[];
  readonly over: AbortController;
  /** The reason for which the runner was given up. */
  readonly unhealthy: Promise<string>;
  readonly reasons: string[];
}

async function world(script: Script, check: object = {}, options: { readonly age?: () => number } = {}) {
  const calls: string[] = [];
  const over = new AbortController();
  const server = createServer((request, response) => {
    const next = script[Math.min(calls.length, script.length - 1)];
    calls.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (next === 'hang') return;
    response.statusCode = next ?? 200;
    response.end('{}');
    if (calls.length >= script.length + 3) over.abort();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new AppClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  clients.push(client);
  const spec = parseAppSpec({ name: 'app', startup_timeout: 60, health_check: { path: '/health', ...check } });
  const reasons: string[] = [];
  let tell!: (reason: string) => void;
  const unhealthy = new Promise<string>((resolve) => (tell = resolve));
  const checks = new HealthChecks({
    ...{ client, check: spec.health_check!, startup_timeout: spec.startup_timeout, intervalMs: 1 },
    age: options.age ?? (() => 3_600_000),
    unhealthy: (reason) => {
      reasons.push(reason);
      tell(reason);
    },
  });
  return { checks, calls, over, unhealthy, reasons } satisfies World;
}

test('as many failures in a row as the app allows make a runner unhealthy', async () => {
  const { checks, calls, over, unhealthy } = await world([200, 500, 500, 200, 500, 404, 500]);
  await checks.repeat(over.signal);
  expect(await unhealthy).toBe('its health check failed 3 times in a row: POST /health answered 500');
  expect(calls).toHaveLength(7);
});

test('a runner whose health check is answered stays', async () => {
  const { checks, over, reasons } = await world([200, 204, 302, 500, 500, 200], { method: 'GET' });
  await checks.repeat(over.signal);
  expect(reasons).toEqual([]);
});

test('it is called by the method that the app names', async () => {
  const { checks, calls, over } = await world([200], { method: 'GET' });
  await checks.repeat(over.signal);
  expect(new Set(calls)).toEqual(new Set(['GET /health']));
});

test('no answer in time is a failure', async () => {
  const { checks, over, unhealthy } = await world(['hang'], { timeout_seconds: 1, failure_threshold: 1 });
  await checks.repeat(over.signal);
  expect(await unhealthy).toBe('its health check failed once: POST /health took longer than 1 s');
});

test('failures in the start period, which is startup_timeout at least, do not count', async () => {
  const ages = [59_000, 59_999, 60_000, 61_000];
  const { checks, calls, over, unhealthy } = await world(
    [500],
    { failure_threshold: 2 },
    {
      age: () => ages.shift() ?? 61_000,
    },
  );
  await checks.repeat(over.signal);
  expect(await unhealthy).toMatch(/2 times in a row/);
  expect(calls).toHaveLength(4);
});

test('without call_regularly it is never repeated', async () => {
  const { checks, calls, over } = await world([500], { call_regularly: false });
  await checks.repeat(over.signal);
  expect(calls).toEqual([]);
});

test('when an answer asks for it, one failure is enough, however young the runner is', async () => {
  const young = { age: () => 0 };
  const failing = await world([500], { call_regularly: false }, young);
  await failing.checks.checkNow();
  expect(await failing.unhealthy).toBe('its health check failed: POST /health answered 500');
  const working = await world([200], {}, young);
  await working.checks.checkNow();
  expect(working.reasons).toEqual([]);
});
