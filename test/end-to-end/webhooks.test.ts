/** Webhooks of real requests, sent by a whole platform to a receiver that verifies them. */
import { createFalClient, type FalClient } from '@fal-ai/client';
import { join } from 'node:path';
import { runPython } from '../clients/python-client';
import { eventually } from '../contract/eventually';
import { endAllSgpu, Sgpu } from './sgpu-program';
import { TestFolder } from './test-folder';
import { WebhookReceiver, type ReceivedWebhook } from './webhook-receiver';

const STUDIO = 'local/studio';
const APP = `${join(__dirname, 'apps', 'studio.py')}::Studio`;

const folder = new TestFolder();
let sgpu: Sgpu;
let receiver: WebhookReceiver;
let fal: FalClient;

beforeAll(async () => {
  sgpu = await Sgpu.serve([APP, '--https'], { folder: folder.path });
  receiver = new WebhookReceiver(() => `${sgpu.url}/rest/.well-known/jwks.json`);
  await receiver.listen();
  fal = createFalClient({ credentials: sgpu.key, proxyUrl: { url: sgpu.url, when: 'always' } });
});
afterAll(async () => {
  receiver.close();
  await endAllSgpu();
  folder.remove();
});

async function submit(path: string, input: Record<string, unknown>): Promise<string> {
  return (await fal.queue.submit(STUDIO + path, { input, webhookUrl: receiver.url })).request_id;
}

function webhooksOf(requestId: string, count = 1): Promise<readonly ReceivedWebhook[]> {
  return eventually(async () => {
    expect(receiver.of(requestId)).toHaveLength(count);
    return receiver.of(requestId);
  }, 40_000);
}

test('the result goes to the webhook, signed', async () => {
  const requestId = await submit('', { prompt: 'a cat' });
  expect(await webhooksOf(requestId)).toEqual([
    {
      verified: true,
      body: { request_id: requestId, gateway_request_id: requestId, status: 'OK', payload: { painted: 'a cat' } },
    },
  ]);
});

test('so does an error', async () => {
  const requestId = await submit('', {});
  const [webhook] = await webhooksOf(requestId);
  expect(webhook).toMatchObject({
    verified: true,
    body: {
      status: 'ERROR',
      error: 'Invalid status code: 422',
      payload: { detail: [{ loc: ['body', 'prompt'], type: 'missing' }] },
    },
  });
});

test('the Python client names a webhook, too', async () => {
  const output = await runPython(
    sgpu.secure,
    `
import fal_client
print(fal_client.submit('${STUDIO}', arguments={'prompt': 'a dog'}, webhook_url='${receiver.url}').request_id)
`,
  );
  const [webhook] = await webhooksOf(output);
  expect(webhook).toMatchObject({ verified: true, body: { status: 'OK', payload: { painted: 'a dog' } } });
});

test('a receiver that fails gets the webhook again', async () => {
  receiver.answers.push(500);
  const requestId = await submit('', { prompt: 'a bird' });
  const [first, second] = await webhooksOf(requestId, 2);
  expect(second).toEqual(first);
});
