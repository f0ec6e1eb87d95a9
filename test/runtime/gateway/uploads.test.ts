import { FileGateway, MAX_FILE_BYTES, ORIGIN } from './file-gateway';

interface Initiated {
  readonly upload_url: string;
  readonly file_url: string;
}

interface Part {
  readonly partNumber: number;
  readonly etag: string;
}

let gateway: FileGateway;
let key: string;
beforeEach(async () => {
  gateway = new FileGateway();
  key = await gateway.key('ann');
});

describe('an upload that was initiated', () => {
  test.each(['fal-cdn-v3', 'gcs'])('with storage type %s is found under its file URL', async (storageType) => {
    const { upload_url, file_url } = await initiate('initiate', storageType);
    expect(file_url).toMatch(new RegExp(`^${ORIGIN}/cdn/files/[0-9a-f]{32}/cat\\.png$`));
    expect((await put(upload_url, 'meow')).status).toBe(200);
    const response = await gateway.fetch(file_url);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(await response.text()).toBe('meow');
  });

  test('needs no key to be sent, and does not mind a wrong one', async () => {
    const { upload_url } = await initiate();
    expect((await put(upload_url, 'meow', { authorization: 'Key not:ours' })).status).toBe(200);
  });

  test('is no file before its bytes have come', async () => {
    const { file_url } = await initiate();
    expect((await gateway.fetch(file_url)).status).toBe(404);
  });

  test('can be repeated by a client that missed the answer', async () => {
    const { upload_url, file_url } = await initiate();
    await put(upload_url, 'meow');
    expect((await put(upload_url, 'meow')).status).toBe(200);
    expect(await (await gateway.fetch(file_url)).text()).toBe('meow');
  });

  test('ends after a day', async () => {
    const { upload_url } = await initiate();
    gateway.clock.advance(24 * 60 * 60 * 1000);
    expect((await put(upload_url, 'meow')).status).toBe(403);
    expect(gateway.blobs.keys()).toEqual([]);
  });

  test('is refused without a key', async () => {
    const response = await gateway.fetch('/rest/storage/upload/initiate', { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
  });

  test('is refused with a token that was made for calling apps', async () => {
    const token = await gateway.authority.appToken({ user: 'ann', allowedApps: ['my-app'] }, 60);
    const response = await gateway.post('/rest/storage/upload/initiate', `Bearer ${token}`, {});
    expect(response.status).toBe(403);
  });

  test.each([
    ['text that is no JSON', 'nonsense', 422],
    ['a list', '[]', 422],
    ['a name that is no text', '{"file_name":7}', 422],
    ['a body of megabytes', `{"file_name":"${'x'.repeat(3 * 1024 * 1024)}"}`, 413],
  ])('is refused with %s', async (_, body, status) => {
    const init = { method: 'POST', headers: { authorization: key }, body };
    expect((await gateway.fetch('/rest/storage/upload/initiate', init)).status).toBe(status);
  });

  test('has a name made safe and a type that is one', async () => {
    const body = { file_name: '../../<script>.html', content_type: 'text/html\r\nset-cookie: a=b' };
    const { upload_url, file_url } = await initiate('initiate', 'gcs', body);
    await put(upload_url, 'x');
    expect(file_url).toMatch(/\/script_\.html$/);
    expect((await gateway.fetch(file_url)).headers.get('content-type')).toBe('application/octet-stream');
  });

  test('goes to fal’s host of files when it was begun at fal’s host name', async () => {
    const answer = await gateway.post('https://rest.fal.ai/rest/storage/upload/initiate', key, {
      file_name: 'cat.png',
    });
    const { upload_url, file_url } = (await answer.json()) as Initiated;
    expect(upload_url).toMatch(/^https:\/\/v3\.fal\.media\/upload\//);
    expect(file_url).toMatch(/^https:\/\/v3\.fal\.media\/files\/[0-9a-f]{32}\/cat\.png$/);
  });

  test('cannot be forged', async () => {
    const { upload_url } = await initiate();
    const [header, payload, signature] = upload_url.slice(upload_url.lastIndexOf('/') + 1).split('.');
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, owner: 'eve' })).toString('base64url');
    expect((await put(`/cdn/upload/${header}.${forged}.${signature}`, 'x')).status).toBe(403);
  });
});

describe('a file that is too large', () => {
  const tooLarge = 'x'.repeat(MAX_FILE_BYTES + 1);

  test('is refused by its announced length, without reading it', async () => {
    const { upload_url } = await initiate();
    const body = new ReadableStream({ pull: () => Promise.reject(new Error('was read')) });
    const headers = { 'content-length': String(MAX_FILE_BYTES + 1) };
    const response = await gateway.fetch(upload_url, { method: 'PUT', headers, body, duplex: 'half' });
    expect(response.status).toBe(413);
  });

  test('is refused on the way when nothing was announced, and leaves nothing behind', async () => {
    const { upload_url } = await initiate();
    const body = new Blob([tooLarge]).stream();
    const response = await gateway.fetch(upload_url, { method: 'PUT', body, duplex: 'half' });
    expect(response.status).toBe(413);
    expect(gateway.blobs.keys()).toEqual([]);
  });

  test('is refused when it comes in parts that each are small enough, and leaves nothing behind', async () => {
    const { upload_url, file_url } = await initiate('initiate-multipart');
    const half = 'x'.repeat(MAX_FILE_BYTES / 2 + 1);
    const parts = [await putPart(`${upload_url}/1`, half), await putPart(`${upload_url}/2`, half)];
    expect((await complete(upload_url, parts)).status).toBe(413);
    expect(gateway.blobs.keys()).toEqual([]);
    expect((await gateway.fetch(file_url)).status).toBe(404);
  });

  test('of exactly the limit is taken', async () => {
    const { upload_url } = await initiate();
    expect((await put(upload_url, tooLarge.slice(1))).status).toBe(200);
  });
});

test('an upload whose client hangs up is no file, and no error of the platform', async () => {
  const { upload_url, file_url } = await initiate();
  const body = new ReadableStream({
    start: (controller) => {
      controller.enqueue(Buffer.from('half'));
    },
    pull: (controller) => {
      controller.error(new Error('aborted'));
    },
  });
  const response = await gateway.fetch(upload_url, { method: 'PUT', body, duplex: 'half' });
  expect(response.status).toBe(400);
  expect(gateway.errors).toEqual([]);
  expect((await gateway.fetch(file_url)).status).toBe(404);
});

test('an empty file is a file', async () => {
  const { upload_url, file_url } = await initiate();
  await put(upload_url, '');
  const response = await gateway.fetch(file_url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-length')).toBe('0');
  expect(await response.text()).toBe('');
});

describe('a multipart upload', () => {
  test('answers the etag of a part in its body, for JavaScript, and in a header, for the toolkit', async () => {
    const { upload_url } = await initiate('initiate-multipart');
    const response = await put(`${upload_url}/1`, 'one');
    const { partNumber, etag } = (await response.json()) as Part;
    expect(partNumber).toBe(1);
    expect(response.headers.get('etag')).toBe(etag);
  });

  test('is put together in the order of the parts, whatever order they are named in', async () => {
    const { upload_url, file_url } = await initiate('initiate-multipart');
    const parts: Part[] = [];
    for (const number of [10, 2, 1]) parts.push(await putPart(`${upload_url}/${number}`, `<${number}>`));
    expect((await complete(upload_url, parts)).status).toBe(200);
    expect(await (await gateway.fetch(file_url)).text()).toBe('<1><2><10>');
  });

  test('leaves no parts behind', async () => {
    const { upload_url } = await initiate('initiate-multipart');
    await complete(upload_url, [await putPart(`${upload_url}/1`, 'one')]);
    expect(gateway.blobs.keys().filter((blob) => blob.includes('parts'))).toEqual([]);
  });

  test('can be completed again by a client that missed the answer', async () => {
    const { upload_url, file_url } = await initiate('initiate-multipart');
    const parts = [await putPart(`${upload_url}/1`, 'one')];
    await complete(upload_url, parts);
    expect((await complete(upload_url, parts)).status).toBe(200);
    expect(await (await gateway.fetch(file_url)).text()).toBe('one');
  });

  test('takes the last of a part that was sent twice', async () => {
    const { upload_url, file_url } = await initiate('initiate-multipart');
    await putPart(`${upload_url}/1`, 'cut of');
    await complete(upload_url, [await putPart(`${upload_url}/1`, 'whole')]);
    expect(await (await gateway.fetch(file_url)).text()).toBe('whole');
  });

  test('is not completed with a part that never came, another content, twice the same, or none', async () => {
    const { upload_url, file_url } = await initiate('initiate-multipart');
    const part = await putPart(`${upload_url}/1`, 'one');
    for (const parts of [[{ ...part, partNumber: 2 }], [{ ...part, etag: '"other"' }], [part, part], []]) {
      expect((await complete(upload_url, parts)).status).toBe(400);
    }
    expect((await gateway.fetch(file_url)).status).toBe(404);
  });

  test.each(['0', '10001', '-1', '1.5', 'x', '1e3', '%2e%2e'])('has no part %s', async (number) => {
    const { upload_url } = await initiate('initiate-multipart');
    expect((await put(`${upload_url}/${number}`, 'x')).status).toBeGreaterThanOrEqual(400);
    expect(gateway.blobs.keys()).toEqual([]);
  });

  test.each([[undefined], [{}], ['parts'], [[null]], [[{ partNumber: 1 }]], [[{ etag: '"a"' }]]])(
    'is not completed with parts like %j',
    async (parts) => {
      const { upload_url } = await initiate('initiate-multipart');
      expect((await gateway.post(`${upload_url}/complete`, key, { parts })).status).toBe(422);
    },
  );

  test('of the toolkit’s fallback repository asks where each part goes, and names parts its own way', async () => {
    const { upload_url, file_url } = await initiate('initiate-multipart', 'gcs');
    const asked = await gateway.fetch(`${upload_url}/1`, { method: 'POST', headers: { authorization: key } });
    const { upload_url: partUrl } = (await asked.json()) as Initiated;
    const etag = (await put(partUrl, 'one')).headers.get('etag')?.replaceAll('"', '');
    const body = { parts: [{ part_number: 1, etag }] };
    expect((await gateway.post(`${upload_url}/complete`, key, body)).status).toBe(200);
    expect(await (await gateway.fetch(file_url)).text()).toBe('one');
  });
});

describe('an upload of the Python client', () => {
  let bearer: string;
  let baseUrl: string;
  beforeEach(async () => {
    const response = await gateway.post('/rest/storage/auth/token?storage_type=fal-cdn-v3', key, {});
    const answer = (await response.json()) as { token: string; token_type: string; base_url: string };
    bearer = `${answer.token_type} ${answer.token}`;
    baseUrl = answer.base_url;
  });

  test('begins with a token whose end is written with an offset, not a Z', async () => {
    const response = await gateway.post('/rest/storage/auth/token', key, {});
    const { expires_at } = (await response.json()) as { expires_at: string };
    expect(expires_at).toMatch(/\+00:00$/);
    expect(Date.parse(expires_at)).toBeGreaterThan(gateway.clock.now());
    expect(Date.parse(expires_at)).toBeLessThan(gateway.clock.now() + 24 * 60 * 60 * 1000);
  });

  test('takes its name and type from headers', async () => {
    const url = await gateway.upload(bearer, 'hello');
    expect(url).toMatch(/\/note\.txt$/);
    expect(await (await gateway.fetch(url)).text()).toBe('hello');
  });

  test('may also be sent with a key', async () => {
    expect(await (await gateway.fetch(await gateway.upload(key, 'hello'))).text()).toBe('hello');
  });

  test.each(['Bearer nonsense', 'Key not:ours', ''])(
    'is refused with the authorization "%s"',
    async (authorization) => {
      const headers: Record<string, string> = authorization === '' ? {} : { authorization };
      const response = await gateway.fetch(`${baseUrl}/files/upload`, { method: 'POST', headers, body: 'x' });
      expect(response.status).toBe(401);
      expect(gateway.blobs.keys()).toEqual([]);
    },
  );

  test('is refused when the token has ended', async () => {
    gateway.clock.advance(24 * 60 * 60 * 1000);
    const init = { method: 'POST', headers: { authorization: bearer }, body: 'x' };
    expect((await gateway.fetch(`${baseUrl}/files/upload`, init)).status).toBe(401);
  });

  test('does not renew its token with the token', async () => {
    expect((await gateway.post('/rest/storage/auth/token', bearer, {})).status).toBe(401);
  });

  test('goes in parts under the URL that the file will have', async () => {
    const { access_url, uploadId } = await begin();
    const parts: Part[] = [];
    for (const number of [2, 1]) {
      const response = await put(`${access_url}/multipart/${uploadId}/${number}`, `<${number}>`, {
        authorization: bearer,
      });
      parts.push({ partNumber: number, etag: response.headers.get('etag') ?? '' });
    }
    expect((await complete(`${access_url}/multipart/${uploadId}`, parts)).status).toBe(200);
    expect(await (await gateway.fetch(access_url)).text()).toBe('<1><2>');
  });

  test('does not write parts of one file under the URL of another', async () => {
    const [mine, other] = [await begin(), await begin()];
    expect((await put(`${other.access_url}/multipart/${mine.uploadId}/1`, 'x')).status).toBe(403);
  });

  async function begin(): Promise<{ access_url: string; uploadId: string }> {
    const response = await gateway.fetch(`${baseUrl}/files/upload/multipart`, {
      method: 'POST',
      headers: { authorization: bearer, 'content-type': 'video/mp4', 'x-fal-file-name': 'film.mp4' },
    });
    return (await response.json()) as { access_url: string; uploadId: string };
  }
});

async function initiate(
  operation = 'initiate',
  storageType = 'fal-cdn-v3',
  body: object = { file_name: 'cat.png', content_type: 'image/png' },
): Promise<Initiated> {
  const response = await gateway.post(`/rest/storage/upload/${operation}?storage_type=${storageType}`, key, body);
  return (await response.json()) as Initiated;
}

function put(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return gateway.fetch(url, { method: 'PUT', body, headers });
}

async function putPart(url: string, body: string): Promise<Part> {
  return (await (await put(url, body)).json()) as Part;
}

function complete(uploadUrl: string, parts: readonly Part[]): Promise<Response> {
  return gateway.post(`${uploadUrl}/complete`, key, { parts });
}
