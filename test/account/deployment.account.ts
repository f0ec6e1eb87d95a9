/**
 * `npm run test:account`: what the other tests can't show, in an AWS account. Deploys `examples/ocr` and a small app beside
 * it, calls both with both of fal's clients, waits until nothing runs any more, deletes everything and says what is left.
 * It was never run: see docs/verification.md.
 */
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { createFalClient, type FalClient } from '@fal-ai/client';
import { runPython } from '../clients/python-client';
import { eventually } from '../contract/eventually';
import { DeployedStack } from './deployed-stack';
import { testAccount, type TestAccount } from './test-account';
import { whatIsLeft, whatRuns } from './what-is-left';

/** A first start boots a machine and pulls images; deleting waits for runners and for the network's parts. */
const LONG_MS = 45 * 60_000;
const START_MS = 15 * 60_000;
const SILENCE_SECONDS = 90;

jest.setTimeout(LONG_MS);

let account: TestAccount;
let stack: DeployedStack;
/** Set as soon as there is something to delete. */
let begun: DeployedStack | undefined;
let key: string;
let fal: FalClient;

beforeAll(async () => {
  account = await testAccount(process.env);
  stack = new DeployedStack(account);
  begun = stack;
  console.log(`Deploying ${stack.name} to ${account.account} in ${account.region}`);
  await stack.deploy();
  key = await invokeKey();
  fal = clientOf(stack.url, key);
});

afterAll(async () => {
  if (begun === undefined) return;
  await begun.destroy();
  const left = await whatIsLeft(stack, account.region);
  console.log([`Left of ${stack.name}:`, ...(left.length === 0 ? ['nothing'] : left)].join('\n  '));
  expect(left).toEqual([]);
});

test('from zero machines, the JavaScript client gets an answer with its log', async () => {
  const logs: string[] = [];
  const { data } = await fal.subscribe(`${stack.name}/ocr`, {
    input: {},
    logs: true,
    onQueueUpdate: (update) => {
      if ('logs' in update) logs.push(...update.logs.map(({ message }) => message));
    },
  });
  expect((data as { lines: readonly unknown[] }).lines.length).toBeGreaterThan(0);
  expect(logs.join('\n')).toMatch(/Found \d+ lines of text/);
});

test('the Python client gets the same answer', async () => {
  const app = JSON.stringify(`${stack.name}/ocr`);
  expect(Number(await python(`print(len(fal_client.subscribe(${app}, arguments={})['lines']))`))).toBeGreaterThan(0);
});

test('an upload is read again by its URL', async () => {
  const output = await python(`
import httpx
print(httpx.get(fal_client.upload(b'brushes', 'text/plain'), follow_redirects=True).text)
`);
  expect(output).toBe('brushes');
});

test(`a stream survives ${SILENCE_SECONDS} s of silence between its pieces`, async () => {
  const numbers: unknown[] = [];
  const stream = await fal.stream(`${stack.name}/probe/stream`, { input: { silence: SILENCE_SECONDS } });
  for await (const piece of stream) numbers.push((piece as { number: number }).number);
  expect(numbers).toEqual([0, 1, 2]);
});

test('the Python client reads a stream', async () => {
  const app = JSON.stringify(`${stack.name}/probe`);
  expect(await python(`print([piece['number'] for piece in fal_client.stream(${app}, arguments={})])`)).toBe(
    '[0, 1, 2]',
  );
});

test('a request in progress is cancelled, and so is one that waits', async () => {
  const app = `${stack.name}/probe`;
  const running = await fal.queue.submit(app, { input: { seconds: 3_000 } });
  await eventually(async () => {
    expect((await fal.queue.status(app, { requestId: running.request_id })).status).toBe('IN_PROGRESS');
  }, START_MS);
  const waiting = await fal.queue.submit(app, { input: {} });
  for (const { request_id: requestId } of [waiting, running]) {
    await fal.queue.cancel(app, { requestId });
    await eventually(async () => {
      expect((await fal.queue.status(app, { requestId })).status).toBe('COMPLETED');
    }, START_MS);
    await expect(fal.queue.result(app, { requestId })).rejects.toMatchObject({ status: 499 });
  }
});

test('what nobody calls goes back to zero runners and zero machines', async () => {
  await eventually(async () => {
    expect(await whatRuns(stack, account.region)).toEqual([]);
  }, LONG_MS / 2);
});

async function invokeKey(): Promise<string> {
  const name = stack.names.invokeKey;
  const ssm = new SSMClient({ region: account.region });
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
  if (Parameter?.Value === undefined) throw new Error(`${name} has no value`);
  return Parameter.Value;
}

function clientOf(url: string, credentials: string): FalClient {
  const services: Readonly<Record<string, string>> = {
    'fal.run': 'run',
    'queue.fal.run': 'queue',
    'rest.fal.ai': 'rest',
  };
  return createFalClient({
    credentials,
    requestMiddleware: (request) => {
      const { hostname, pathname, search } = new URL(request.url);
      return Promise.resolve({ ...request, url: `${url}/${services[hostname] ?? ''}${pathname}${search}` });
    },
  });
}

function python(program: string): Promise<string> {
  return runPython({ url: stack.url, key }, `import fal_client\n${program}`);
}
