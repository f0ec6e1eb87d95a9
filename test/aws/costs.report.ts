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
import { costsPage } from './costs-page';
import { lambdaTime, type FunctionUsage } from './costs-lambda';
import { beside, type Step } from './costs-step';
import { DynamoUnits } from './dynamo-units';
import { EmulatedPlatform } from './emulated-platform';
import { falApp } from './fal-processes';
import { startTaskProcesses } from './task-processes';

const ROOT = join(__dirname, '..', '..');
const APP = join(__dirname, 'apps', 'priced.py');
const AGENT = join(ROOT, 'assets', 'agent', 'index.mjs');
const RUNNER_SECONDS = 60;

/** Lambda asks a queue for messages by this many long polls at a time, each of 20 s, as its documentation says. */
const LAMBDA_POLLS_AN_HOUR = 5 * (3_600 / 20);

jest.setTimeout(900_000);

let platform: EmulatedPlatform;
let fal: FalClient;

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

/**
 * Measures what `work` causes, which does what the step is about `repeats` times. It is done twice: looking at the items of
 * each write takes time, which must not be counted as Lambda's. `held`: the gateway waits for the app in these calls.
 */
async function measure(
  name: string,
  repeats: number,
  work: () => Promise<unknown>,
  { held = false }: { readonly held?: boolean } = {},
): Promise<Step> {
  const before = await usages();
  await work();
  const after = await usages();
  const units = new DynamoUnits(platform.emulatorEndpoint, 'us-east-1');
  const { length } = platform.recorder.calls;
  const began = performance.now();
  platform.recorder.meter = units;
  await work();
  platform.recorder.meter = undefined;
  // The emulated event source asks more often than Lambda does; how often Lambda asks is known.
  const calls = platform.recorder.calls.slice(length).filter((call) => !isPoll(call));
  return {
    ...{ name, repeats, seconds: (performance.now() - began) / 1_000 },
    dynamo: units.calls,
    calls,
    ...lambdaTime(before, after, calls, held),
    sqsPolls: 0,
  };
}

/** What the functions have used so far. */
function usages(): Promise<readonly FunctionUsage[]> {
  return Promise.all(
    FUNCTIONS.map(async (name) => {
      const [, properties] = [...platform.stack.properties].find(
        ([id, { MemorySize }]) => MemorySize && id.includes(name),
      )!;
      const usage = await platform.functionOf(new RegExp(name)).usage();
      return { ...usage, name, memoryMiB: Number(properties.MemorySize) };
    }),
  );
}

const FUNCTIONS = ['Gateway', 'Controller'];

function isPoll({ principal, action }: { readonly principal: string; readonly action: string }): boolean {
  return action === 'sqs:ReceiveMessage' && principal.includes('Controller');
}

async function times(repeats: number, work: () => Promise<unknown>): Promise<void> {
  for (let count = 0; count < repeats; count++) await work();
}

test('costs are measured and written down', async () => {
  const idle = {
    ...(await measure('one idle hour of the platform, no runner', 1 / 60, () =>
      platform.functionOf(/Controller/).invoke({ 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} }),
    )),
    sqsPolls: LAMBDA_POLLS_AN_HOUR / 60,
  };
  await fal.subscribe('cost/priced', { input: { seconds: 0 } });
  const runner = await measure('one idle hour of a runner', RUNNER_SECONDS / 3_600, () =>
    sleep(RUNNER_SECONDS * 1_000),
  );
  const queued = await measure('a queued request, submitted and its result read', 20, () =>
    times(20, async () => {
      const { request_id: requestId } = await fal.queue.submit('cost/priced', { input: { seconds: 0.2 } });
      await sleep(1_200);
      await fal.queue.result('cost/priced', { requestId });
    }),
  );
  const burst = await measure('one of 40 that are submitted at once', 40, async () => {
    const submit = (): Promise<{ readonly request_id: string }> =>
      fal.queue.submit('cost/priced', { input: { seconds: 0.05 } });
    const ids = (await Promise.all(Array.from({ length: 40 }, submit))).map(({ request_id: id }) => id).sort();
    await fal.queue.subscribeToStatus('cost/priced', { requestId: ids.at(-1) ?? '', pollInterval: 2_000 });
    for (const requestId of ids) await fal.queue.result('cost/priced', { requestId });
  });
  const polled = await measure('the same, a client asking every 0.5 s for 10 s', 2, () =>
    times(2, async () => {
      const { request_id: requestId } = await fal.queue.submit('cost/priced', { input: { seconds: 10 } });
      await fal.queue.subscribeToStatus('cost/priced', { requestId, pollInterval: 500 });
      await fal.queue.result('cost/priced', { requestId });
    }),
  );
  const direct = await measure(
    'a direct call',
    10,
    () => times(10, () => fal.run('cost/priced', { input: { seconds: 0.2 } })),
    { held: true },
  );
  const streamed = await measure(
    'a stream of 1,000 pieces',
    1,
    async () => {
      const stream = await fal.stream('cost/priced/stream', { input: { chunks: 1_000 } });
      let pieces = 0;
      for await (const _piece of stream) pieces++;
      expect(pieces).toBe(1_000);
    },
    { held: true },
  );
  const requests = [queued, burst, polled, direct, streamed].map((step) => beside(step, runner));
  writeFileSync(join(ROOT, 'docs', 'costs.md'), costsPage({ idle, runner, requests }));
});
