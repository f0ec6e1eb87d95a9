import { adopt, type AdoptableMessage } from '../../../runtime/queue/adoption';
import { exampleApp } from '../../contract/example-app';
import { MemoryBlobStore } from '../../support/memory-blob-store';
import { MemoryRequestStore } from '../../support/memory-stores';

const app = exampleApp({ id: 'team/painter' });
const stores = () => ({ requests: new MemoryRequestStore(), blobs: new MemoryBlobStore() });
const message = (changes: Partial<AdoptableMessage> = {}): AdoptableMessage => ({
  ...{ id: 'message', path: '/predict', body: Buffer.from('{"prompt":"a cat"}'), sentAt: 5 },
  ...changes,
});

test('a message waits as a request of the app’s owner from when it was sent', async () => {
  const { requests, blobs } = stores();
  await adopt({ requests, blobs }, app, message());
  const head = { id: 'message', app: 'team/painter', caller: 'team', mode: 'queue', state: 'IN_QUEUE', submittedAt: 5 };
  expect(await requests.waiting('team/painter', 5)).toMatchObject([head]);
  const input = (await requests.input('message'))!;
  expect(input).toMatchObject({ method: 'POST', target: '/predict', body: { bytes: message().body } });
  expect(input.headers).toMatchObject({
    'content-type': 'application/json',
    'x-fal-request-id': 'message',
    'x-fal-endpoint': 'team/painter/predict',
  });
});

test('a message that comes again changes nothing, not even a large body', async () => {
  const { requests, blobs } = stores();
  const large = message({ body: Buffer.alloc(300_000, ' ') });
  await adopt({ requests, blobs }, app, large);
  const head = (await requests.get('message'))!;
  await blobs.remove('requests/message/input');
  await adopt({ requests, blobs }, app, large);
  expect(await requests.get('message')).toEqual(head);
  expect(blobs.keys()).toEqual([]);
});

test('a large body lies in the blob store', async () => {
  const { requests, blobs } = stores();
  await adopt({ requests, blobs }, app, message({ body: Buffer.alloc(300_000, ' ') }));
  expect((await requests.input('message'))?.body).toEqual({ blob: 'requests/message/input' });
  expect((await blobs.info('requests/message/input'))?.size).toBe(300_000);
});
