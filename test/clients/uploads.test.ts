/** Uploads by fal's own clients, over real sockets. */
import { createFalClient, type RequestMiddleware, type StorageSettings } from '@fal-ai/client';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { type GatewayServer, startGateway } from './gateway-server';
import { runPython } from './python-client';

const MIB = 1024 * 1024;

let gateway: GatewayServer;
afterEach(async () => {
  expect(gateway.errors).toEqual([]);
  await gateway.close();
});

describe('the JavaScript client', () => {
  beforeEach(async () => {
    gateway = await startGateway('http');
  });

  /** Sends what is meant for fal's REST host to the gateway, as the client's documentation shows. */
  const toGateway: RequestMiddleware = (config) => {
    const { pathname, search } = new URL(config.url);
    return Promise.resolve({ ...config, url: `${gateway.url}/rest${pathname}${search}` });
  };

  const clients = {
    proxyUrl: () => createFalClient({ credentials: gateway.key, proxyUrl: { url: gateway.url, when: 'always' } }),
    requestMiddleware: () => createFalClient({ credentials: gateway.key, requestMiddleware: toGateway }),
  };

  test.each(['proxyUrl', 'requestMiddleware'] as const)('uploads a file when set up with %s', async (setting) => {
    const file = new File(['meow'], 'cat picture.png', { type: 'image/png' });
    const url = await clients[setting]().storage.upload(file);
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('content-disposition')).toContain('cat_picture.png');
    expect(await response.text()).toBe('meow');
  });

  test('uploads more than 90 MB in parts', async () => {
    const bytes = randomBytes(95 * MIB);
    const url = await clients.proxyUrl().storage.upload(new File([bytes], 'weights.bin'));
    const downloaded = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(downloaded.equals(bytes)).toBe(true);
  });

  test('says how long a file lives and who may read it', async () => {
    const lifecycle = { expiresIn: '1h', initialAcl: { default: 'hide' } } satisfies StorageSettings;
    const url = await clients.proxyUrl().storage.upload(new File(['x'], 'x.txt'), { lifecycle });
    expect((await fetch(url)).status).toBe(404);
    expect((await fetch(url, { headers: { authorization: `Key ${gateway.key}` } })).status).toBe(200);
  });

  test('is told why an upload is refused', async () => {
    const client = createFalClient({ credentials: 'not:ours', proxyUrl: { url: gateway.url, when: 'always' } });
    await expect(client.storage.upload(new File(['x'], 'x.txt'))).rejects.toMatchObject({ status: 401 });
  });
});

describe('the Python client', () => {
  beforeEach(async () => {
    gateway = await startGateway('https');
  });

  test('uploads bytes and files', async () => {
    const path = join(gateway.directory, 'tune.mp3');
    await writeFile(path, 'la la');
    const output = await runPython(
      gateway,
      `
import fal_client, httpx
for url in [fal_client.upload(b'meow', 'image/png', file_name='cat.png'), fal_client.upload_file('${path}')]:
    response = httpx.get(url)
    print(response.status_code, response.headers['content-type'], response.text, url.split('/')[-1])
`,
    );
    expect(output.split('\n')).toEqual(['200 image/png meow cat.png', '200 audio/mpeg la la tune.mp3']);
  });

  test('uploads more than 100 MB from a file in parts, ten at a time', async () => {
    const path = join(gateway.directory, 'weights.bin');
    await writeFile(path, randomBytes(104 * MIB));
    const output = await runPython(
      gateway,
      `
import fal_client, httpx
url = fal_client.upload_file('${path}')
print(httpx.get(url).content == open('${path}', 'rb').read())
`,
    );
    expect(output).toBe('True');
  });

  test('uploads through its fallback repository, which sends the key to the upload URL', async () => {
    const output = await runPython(
      gateway,
      `
import fal_client, httpx
print(httpx.get(fal_client.upload(b'meow', 'text/plain', file_name='cat.txt', repository='fal')).text)
`,
    );
    expect(output).toBe('meow');
  });

  test('uploads side by side from its asynchronous API', async () => {
    const output = await runPython(
      gateway,
      `
import asyncio, fal_client, httpx
async def main():
    contents = [b'one', b'two', b'three']
    return await asyncio.gather(*(fal_client.upload_async(content, 'text/plain') for content in contents))
print([httpx.get(url).text for url in asyncio.run(main())])
`,
    );
    expect(output).toBe("['one', 'two', 'three']");
  });

  test('says how long a file lives and who may read it', async () => {
    const output = await runPython(
      gateway,
      `
import fal_client, httpx, os
from fal_client import StorageACL, StorageSettings
lifecycle = StorageSettings(expires_in='1h', initial_acl=StorageACL(default='forbid'))
url = fal_client.upload(b'x', 'text/plain', lifecycle=lifecycle)
print(httpx.get(url).status_code, httpx.get(url, headers={'Authorization': 'Key ' + os.environ['FAL_KEY']}).status_code)
`,
    );
    expect(output).toBe('403 200');
  });
});

describe('over a plain socket', () => {
  beforeEach(async () => {
    gateway = await startGateway('http', { maxFileBytes: 3 * MIB });
  });

  test('the toolkit’s upload in parts reads etags from headers', async () => {
    const { upload_url, file_url } = await initiate('initiate-multipart');
    const parts = await Promise.all(
      ['one', 'two'].map(async (body, index) => {
        const response = await fetch(`${upload_url}/${index + 1}`, { method: 'PUT', body });
        return { partNumber: index + 1, etag: response.headers.get('etag') };
      }),
    );
    const completed = await fetch(`${upload_url}/complete`, { method: 'POST', body: JSON.stringify({ parts }) });
    expect(completed.status).toBe(200);
    expect(await (await fetch(file_url)).text()).toBe('onetwo');
  });

  test('a file that turns out too large on the way is refused while it is being sent', async () => {
    const { upload_url, file_url } = await initiate('initiate');
    expect(await sendEndlessly(upload_url)).toBe(413);
    expect((await fetch(file_url)).status).toBe(404);
  });

  test('a large file is read in ranges', async () => {
    const bytes = randomBytes(3 * MIB);
    const { upload_url, file_url } = await initiate('initiate');
    await fetch(upload_url, { method: 'PUT', body: bytes });
    const response = await fetch(file_url, { headers: { range: `bytes=${MIB}-${2 * MIB - 1}` } });
    expect(response.status).toBe(206);
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes.subarray(MIB, 2 * MIB))).toBe(true);
  });

  async function initiate(operation: string): Promise<{ upload_url: string; file_url: string }> {
    const response = await fetch(`${gateway.url}/rest/storage/upload/${operation}?storage_type=fal-cdn-v3`, {
      method: 'POST',
      headers: { authorization: `Key ${gateway.key}` },
      body: JSON.stringify({ file_name: 'file.bin', content_type: 'application/octet-stream' }),
    });
    return (await response.json()) as { upload_url: string; file_url: string };
  }
});

/** Sends without announcing a length, until an answer comes; returns its status. */
function sendEndlessly(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'PUT' });
    let answered = false;
    const send = () => {
      if (!answered) sending.write(Buffer.alloc(64 * 1024), send);
    };
    sending.on('response', (response) => {
      answered = true;
      resolve(response.statusCode);
      sending.destroy();
    });
    sending.on('error', (error) => {
      if (!answered) reject(error);
    });
    send();
  });
}
