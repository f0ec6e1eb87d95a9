/**
 * `npm run costs`: what requests and idleness cost beside machines, from the calls of a whole system in emulators. Writes
 * docs/costs.md.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FalClient } from '@fal-ai/client';
import { AppSource, ServerlessGpuApp } from '../../lib';
import { synthesise } from './assembly';
import { clientOf } from './clients';
import { costsPage, type Step } from './costs-page';
import { DynamoUnits } from './dynamo-units';
import { EmulatedPlatform } from './emulated-platform';
import { falApp } from './fal-processes';
import { startTaskProcesses } from './task-processes';

const ROOT = join(__dirname, '..', '..');
const APP = join(__dirname, 'apps', 'priced.py');
const AGENT = join(ROOT, 'assets', 'agent', 'index.mjs');
const REPEATS = 5;
const RUNNER_SECONDS = 60;

jest.setTimeout(600_000);

let platform: EmulatedPlatform;
let fal: FalClient;
const steps: Step[] = [];

beforeAll(async () => {
  const assembly = await synthesise('Cost', (stack) => {
    new ServerlessGpuApp(stack, 'Priced', { source: AppSource.falApp(APP, 'Priced') });
  });
  const app = await falApp(APP, 'Priced');
  platform = await EmulatedPlatform.start({
    ...{ assembly, stackName: 'Cost', cluster: 'sgpu-cost', ruleIntervalMs: 60_000 },
    startTask: (task) => startTaskProcesses({ app, agent: AGENT }, task),
  });
  fal = await clientOf(platform);
  await platform.appsKnown('cost/priced');
});

afterAll(async () => {
  await platform.stop();
});

/** Measures what happens in `work`, `repeats` times what the step is about. */
async function measure(name: string, repeats: number, work: () => Promise<unknown>): Promise<void> {
  const units = new DynamoUnits(platform.emulatorEndpoint, 'us-east-1');
  const before = { calls: platform.recorder.calls.length, lambda: await platform.lambdaUsage() };
  platform.recorder.meter = units;
  await work();
  platform.recorder.meter = undefined;
  const calls = platform.recorder.calls.slice(before.calls);
  const lambda = await platform.lambdaUsage();
  steps.push({
    name,
    repeats,
    writeUnits: units.write,
    readUnits: units.read,
    calls: calls.map(({ action }) => action),
    lambdaCalls: lambda.calls - before.lambda.calls,
    lambdaGbSeconds: lambda.gbSeconds - before.lambda.gbSeconds,
  });
}

async function times(work: () => Promise<unknown>): Promise<void> {
  for (let count = 0; count < REPEATS; count++) await work();
}

test('costs are measured and written down', async () => {
  await measure('one idle hour of the platform, no runner', 1 / 60, () =>
    platform.functionOf(/Controller/).invoke({ 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} }),
  );
  await fal.subscribe('cost/priced', { input: { seconds: 0 } });
  await measure('a queued request, submitted and its result read', REPEATS, () =>
    times(async () => {
      const { request_id: requestId } = await fal.queue.submit('cost/priced', { input: { seconds: 0.2 } });
      await sleep(1_500);
      await fal.queue.result('cost/priced', { requestId });
    }),
  );
  await measure('the same, a client asking every 0.5 s for 10 s', 1, async () => {
    const { request_id: requestId } = await fal.queue.submit('cost/priced', { input: { seconds: 10 } });
    await fal.queue.subscribeToStatus('cost/priced', { requestId, pollInterval: 500 });
    await fal.queue.result('cost/priced', { requestId });
  });
  await measure('a direct call', REPEATS, () => times(() => fal.run('cost/priced', { input: { seconds: 0.2 } })));
  await measure('a stream of 1,000 pieces', 1, async () => {
    const stream = await fal.stream('cost/priced/stream', { input: { chunks: 1_000 } });
    let pieces = 0;
    for await (const _piece of stream) pieces++;
    expect(pieces).toBe(1_000);
  });
  await measure('one idle hour of a runner', RUNNER_SECONDS / 3_600, () => sleep(RUNNER_SECONDS * 1_000));
  writeFileSync(join(ROOT, 'docs', 'costs.md'), costsPage(steps));
});
