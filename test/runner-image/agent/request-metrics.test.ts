import { embeddedMetrics } from '../../../runtime/aws/embedded-metrics';
import { METRIC_NAMESPACE } from '../../../runtime/aws-metrics';
import { RequestMetrics } from '../../../runner-image/agent/request-metrics';
import type { RequestHead } from '../../../runtime/domain/request';
import { RequestQueue } from '../../../runtime/queue/request-queue';
import { ManualClock, MemoryDoorbell, MemoryRequestStore } from '../../support/memory-stores';
import { APP } from '../../support/records';

test('requests that end are said together, in one line that CloudWatch reads as metrics', async () => {
  const heads = [await ended(1_000, 200), await ended(3_000, 500), await ended(2_000, 404)];
  const [line = '', ...others] = await printed(() => {
    const metrics = new RequestMetrics({ write: embeddedMetrics(), delayMs: 60_000 });
    heads.forEach(metrics.add);
    metrics.flush();
    metrics.flush();
  });
  expect(others).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({
    App: APP,
    Latency: [1_000, 3_000, 2_000],
    Errors: 1,
    _aws: {
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [['App']],
          Metrics: [
            { Name: 'Latency', Unit: 'Milliseconds' },
            { Name: 'Errors', Unit: 'Count' },
          ],
        },
      ],
    },
  });
});

test('many requests are said in lines of as many values as CloudWatch takes', async () => {
  const head = await ended(5, 200);
  const lines = await printed(() => {
    const metrics = new RequestMetrics({ write: embeddedMetrics(), delayMs: 60_000 });
    for (let count = 0; count < 250; count++) metrics.add(head);
    metrics.flush();
  });
  const values = lines.map((line) => JSON.parse(line) as { readonly App: string; readonly Latency: readonly number[] });
  expect(values.map(({ App }) => App)).toEqual([APP, APP, APP]);
  expect(values.flatMap(({ Latency }) => Latency)).toHaveLength(250);
});

/** What a queue tells of a request that took `ms` and was answered with `status`. */
async function ended(ms: number, status: number): Promise<RequestHead> {
  const clock = new ManualClock();
  const told: RequestHead[] = [];
  const queue = new RequestQueue({
    ...{ store: new MemoryRequestStore(), doorbell: new MemoryDoorbell(), clock },
    onEnded: (head) => told.push(head),
  });
  const request = { id: 'request', app: APP, path: '/', mode: 'queue', caller: '', priority: 'normal' } as const;
  const input = { method: 'POST', target: '/', headers: {}, body: { bytes: new Uint8Array() } };
  await queue.submit({ ...request, retry: {}, submittedAt: clock.now() }, input);
  await queue.claim(APP, 'runner');
  clock.advance(ms);
  expect(told).toEqual([]);
  await queue.complete(request.id, { runner: 'runner', attempt: 1 }, { status });
  expect(told).toHaveLength(1);
  return told[0]!;
}

async function printed(work: () => void): Promise<readonly string[]> {
  const lines: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(...String(text).split('\n').filter(Boolean));
    return true;
  });
  work();
  write.mockRestore();
  return lines;
}
