/** Files of a blob store that others can reach by signed URLs. */
import type { SignedUse } from '../../../runtime/ports';
import { TestPlatform } from './test-platform';

const STORE = 'https://blobs.example.com';

let platform: TestPlatform;
let authorization: string;

beforeEach(async () => {
  platform = new TestPlatform({ requireKey: true, maxTransferBytes: 1_000 });
  Object.assign(platform.blobs, {
    signedUrl: async (key: string, use: SignedUse, seconds: number) => {
      const query = new URLSearchParams({ method: use.method, seconds: String(seconds) });
      if (use.method === 'GET') query.set('type', use.contentType);
      if (use.method === 'GET') query.set('disposition', use.contentDisposition);
      return `${STORE}/${key}?${query.toString()}`;
    },
  });
  authorization = await platform.authorization('ann');
});
afterEach(() => platform.end());

interface Upload {
  readonly upload_url: string;
  readonly file_url: string;
}

const initiate = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  platform.post(
    `/rest/storage/upload/${path}`,
    { file_name: 'cat.png', content_type: 'image/png' },
    { authorization, ...headers },
  );

const begun = async (path: string, headers?: Record<string, string>): Promise<Upload> =>
  (await (await initiate(path, headers)).json()) as Upload;

/** What the store does when somebody sends a file to a signed URL. */
async function arrive({ upload_url }: Upload, content = 'meow'): Promise<void> {
  const key = new URL(upload_url).pathname.slice(1);
  await platform.blobs.put(key, ReadableStream.from([Buffer.from(content)]), 'application/octet-stream');
}

test('a file in one piece is sent to the store and read from it', async () => {
  const upload = await begun('initiate?storage_type=fal-cdn-v3');
  expect(upload.upload_url).toMatch(`${STORE}/files/`);
  expect(new URL(upload.upload_url).searchParams.get('method')).toBe('PUT');
  await arrive(upload);
  const response = await platform.fetch(upload.file_url);
  expect(response.status).toBe(302);
  expect(response.headers.get('cache-control')).toBe('private, no-store');
  const { origin, pathname, searchParams } = new URL(response.headers.get('location')!);
  expect(origin + pathname).toBe(new URL(upload.upload_url).origin + new URL(upload.upload_url).pathname);
  expect(searchParams.get('method')).toBe('GET');
  expect(searchParams.get('type')).toBe('image/png');
  expect(searchParams.get('disposition')).toContain('cat.png');
});

test('a file whose content has not arrived does not exist', async () => {
  expect((await platform.fetch((await begun('initiate?storage_type=fal-cdn-v3')).file_url)).status).toBe(404);
});

test('whoever may not read a file is not sent to it', async () => {
  const lifecycle = { 'x-fal-object-lifecycle': JSON.stringify({ initial_acl: { default: 'forbid' } }) };
  const upload = await begun('initiate?storage_type=fal-cdn-v3', lifecycle);
  await arrive(upload);
  expect((await platform.fetch(upload.file_url)).status).toBe(403);
  expect((await platform.fetch(upload.file_url, { headers: { authorization } })).status).toBe(302);
});

test('HEAD is answered here: a signature is for one method', async () => {
  const upload = await begun('initiate?storage_type=fal-cdn-v3');
  await arrive(upload);
  const response = await platform.fetch(upload.file_url, { method: 'HEAD' });
  expect([response.status, response.headers.get('content-length')]).toEqual([200, '4']);
});

test('a client that sends its key along uploads through the gateway', async () => {
  const { upload_url, file_url } = await begun('initiate?storage_type=gcs');
  expect(upload_url).toContain('/cdn/upload/');
  const sent = await platform.fetch(upload_url, { method: 'PUT', body: 'meow', headers: { authorization } });
  expect(sent.status).toBe(200);
  expect((await platform.fetch(file_url)).status).toBe(302);
});

test.each([
  ['parts of 10 MB', () => initiate('initiate-multipart?storage_type=fal-cdn-v3')],
  [
    'a file',
    () =>
      platform.fetch('/cdn/files/upload', {
        method: 'POST',
        body: 'x'.repeat(1_001),
        headers: { authorization, 'content-length': '1001' },
      }),
  ],
])('%s too large to get through is refused with the way to send it', async (_, send) => {
  const response = await send();
  expect(response.status).toBe(413);
  expect(await response.json()).toEqual({ detail: expect.stringMatching(/1000 bytes.*initiate.*container/) });
});
