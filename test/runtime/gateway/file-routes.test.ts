import { FileStore } from '../../../runtime/gateway/file-store';
import { FileGateway } from './file-gateway';

let gateway: FileGateway;
let ann: string;
beforeEach(async () => {
  gateway = new FileGateway();
  ann = await gateway.key('ann');
});
afterEach(() => jest.restoreAllMocks());

describe('a file', () => {
  const content = '0123456789';
  let url: string;
  beforeEach(async () => {
    url = await gateway.upload(ann, content);
  });

  test('is read by whoever knows its URL, whatever authorization they send', async () => {
    expect(await (await gateway.fetch(url)).text()).toBe(content);
    expect((await gateway.fetch(url, { headers: { authorization: 'Key not:ours' } })).status).toBe(200);
  });

  test('has its size, type, name and etag', async () => {
    const { headers } = await gateway.fetch(url);
    expect(headers.get('content-length')).toBe('10');
    expect(headers.get('content-type')).toBe('text/plain');
    expect(headers.get('content-disposition')).toBe(`inline; filename="note.txt"; filename*=UTF-8''note.txt`);
    expect(headers.get('etag')).toMatch(/^".+"$/);
    expect(headers.get('accept-ranges')).toBe('bytes');
  });

  test('answers HEAD with what GET would say, and no body', async () => {
    const [head, get] = [await gateway.fetch(url, { method: 'HEAD' }), await gateway.fetch(url)];
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(get.headers));
    expect(await head.text()).toBe('');
  });

  test.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=9-100', '9', 'bytes 9-9/10'],
  ])('is sent in part for %s', async (range, part, contentRange) => {
    const response = await gateway.fetch(url, { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(contentRange);
    expect(response.headers.get('content-length')).toBe(String(part.length));
    expect(await response.text()).toBe(part);
  });

  test('answers 416 with its size for a range behind its end', async () => {
    const response = await gateway.fetch(url, { headers: { range: 'bytes=10-' } });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */10');
  });

  test('is sent whole when the range is for another version of it', async () => {
    const etag = (await gateway.fetch(url)).headers.get('etag') ?? '';
    const range = 'bytes=0-0';
    expect((await gateway.fetch(url, { headers: { range, 'if-range': etag } })).status).toBe(206);
    expect((await gateway.fetch(url, { headers: { range, 'if-range': '"other"' } })).status).toBe(200);
  });

  test('is not sent again to whom has it', async () => {
    const etag = (await gateway.fetch(url)).headers.get('etag') ?? '';
    for (const known of [etag, `"other", W/${etag}`, '*']) {
      const response = await gateway.fetch(url, { headers: { 'if-none-match': known } });
      expect(response.status).toBe(304);
      expect(response.headers.get('etag')).toBe(etag);
    }
    expect((await gateway.fetch(url, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  test('is found under its own name and id alone', async () => {
    const id = url.split('/').at(-2) ?? '';
    for (const other of ['other.txt', 'note.txt/', 'NOTE.TXT', '%ff']) {
      expect((await gateway.fetch(new URL(other, url).href)).status).toBe(404);
    }
    for (const other of ['0'.repeat(32), id.toUpperCase(), '..%2f..', `${id}%2fcontent`]) {
      expect((await gateway.fetch(`/cdn/files/${other}/note.txt`)).status).toBe(404);
    }
  });
});

test('a reader that leaves in the middle ends the reading of the blob', async () => {
  const url = await gateway.upload(ann, 'x');
  let closed = false;
  const endless = () =>
    new ReadableStream({
      pull: (controller) => {
        controller.enqueue(Buffer.alloc(1024));
      },
      cancel: () => {
        closed = true;
      },
    });
  jest.spyOn(FileStore.prototype, 'open').mockImplementation(async function (this: FileStore, id) {
    const info = await this.info(id);
    return info && { ...info, body: endless() };
  });
  const reader = (await gateway.fetch(url)).body?.getReader();
  await reader?.read();
  await reader?.cancel();
  expect(closed).toBe(true);
});

test('a file with a name in any script is found under its URL', async () => {
  const body = { file_name: '猫 café.png', content_type: 'image/png' };
  const answer = await gateway.post('/rest/storage/upload/initiate', ann, body);
  const { upload_url, file_url } = (await answer.json()) as { upload_url: string; file_url: string };
  await gateway.fetch(upload_url, { method: 'PUT', body: 'meow' });
  const response = await gateway.fetch(file_url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-disposition')).toBe(
    `inline; filename="__caf_.png"; filename*=UTF-8''${encodeURIComponent('猫_café.png')}`,
  );
});

describe('what a browser may do with a file', () => {
  test.each(['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/xml', 'application/pdf-of+xml', 'image/png'])(
    'a %s is shown in a sandbox, where no script runs',
    async (contentType) => {
      const url = await gateway.upload(ann, '<script>alert(1)</script>', { 'content-type': contentType });
      const { headers } = await gateway.fetch(url);
      expect(headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none';/);
      expect(headers.get('content-security-policy')).not.toMatch(/allow-|script-src/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  test('a PDF is shown by the browser’s own viewer, which a sandbox would stop', async () => {
    const url = await gateway.upload(ann, '%PDF', { 'content-type': 'application/pdf' });
    const { headers } = await gateway.fetch(url);
    expect(headers.get('content-security-policy')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('a file with a lifecycle', () => {
  test.each(['x-fal-object-lifecycle', 'x-fal-object-lifecycle-preference'])(
    'given in %s ends when it was said to, and leaves nothing behind',
    async (header) => {
      const url = await gateway.upload(ann, 'x', { [header]: '{"expiration_duration_seconds":60}' });
      gateway.clock.advance(59_999);
      expect((await gateway.fetch(url)).status).toBe(200);
      gateway.clock.advance(1);
      expect((await gateway.fetch(url)).status).toBe(404);
      expect(gateway.blobs.keys()).toEqual([]);
    },
  );

  test('is kept by no cache beyond its end', async () => {
    const url = await gateway.upload(ann, 'x', { 'x-fal-object-lifecycle': '{"expiration_duration_seconds":60}' });
    gateway.clock.advance(20_000);
    expect((await gateway.fetch(url)).headers.get('cache-control')).toBe('public, max-age=40');
  });

  test('counts from the beginning of an upload in parts', async () => {
    const lifecycle = { 'x-fal-object-lifecycle': '{"expiration_duration_seconds":60}' };
    const answer = await gateway.post('/rest/storage/upload/initiate', ann, {}, lifecycle);
    const { upload_url, file_url } = (await answer.json()) as { upload_url: string; file_url: string };
    gateway.clock.advance(30_000);
    await gateway.fetch(upload_url, { method: 'PUT', body: 'x' });
    gateway.clock.advance(30_000);
    expect((await gateway.fetch(file_url)).status).toBe(404);
  });

  test('that can not be honoured is refused, rather than ignored', async () => {
    const headers = { authorization: ann, 'x-fal-object-lifecycle': '{"initial_acl":{"default":"private"}}' };
    const response = await gateway.fetch('/cdn/files/upload', { method: 'POST', headers, body: 'x' });
    expect(response.status).toBe(422);
    expect(((await response.json()) as { detail: string }).detail).toMatch(/^Header x-fal-object-lifecycle: /);
    expect(gateway.blobs.keys()).toEqual([]);
  });
});

describe('a file with an access list', () => {
  let url: string;
  beforeEach(async () => {
    const rules = [
      { user: 'bob', decision: 'allow' },
      { user: 'eve', decision: 'forbid' },
    ];
    const lifecycle = JSON.stringify({ initial_acl: { default: 'hide', rules } });
    url = await gateway.upload(ann, 'secret', { 'x-fal-object-lifecycle': lifecycle });
  });

  test.each([
    ['ann', 200],
    ['bob', 200],
    ['eve', 403],
    ['dan', 404],
  ])('answers %s with %i', async (user, status) => {
    const response = await gateway.fetch(url, { headers: { authorization: await gateway.key(user) } });
    expect(response.status).toBe(status);
  });

  test('answers those who say nothing with its default', async () => {
    expect((await gateway.fetch(url)).status).toBe(404);
  });

  test('knows users by the token that their requests carry to apps', async () => {
    const authorization = `Bearer ${await gateway.authority.cdnToken('bob')}`;
    expect((await gateway.fetch(url, { headers: { authorization } })).status).toBe(200);
  });

  test('is kept by no shared cache', async () => {
    const response = await gateway.fetch(url, { headers: { authorization: ann } });
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
  });
});

test('a file that an app uploads for its caller is the caller’s', async () => {
  const lifecycle = '{"initial_acl":{"default":"hide"}}';
  const url = await gateway.upload(ann, 'result', {
    'x-fal-cdn-token': await gateway.authority.cdnToken('bob'),
    'x-fal-object-lifecycle': lifecycle,
  });
  const readBy = async (user: string) => gateway.fetch(url, { headers: { authorization: await gateway.key(user) } });
  expect((await readBy('bob')).status).toBe(200);
  expect((await readBy('ann')).status).toBe(404);
});

test('no authorization but a key lets an app upload for a caller', async () => {
  const headers = { 'x-fal-cdn-token': 'made up' };
  const response = await gateway.fetch('/cdn/files/upload', { method: 'POST', headers, body: 'x' });
  expect(response.status).toBe(401);
});
