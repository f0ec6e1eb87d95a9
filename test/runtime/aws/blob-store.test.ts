import { CreateBucketCommand, ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { blobClient, S3BlobStore } from '../../../runtime/aws/blob-store';
import { LEAST_PART_BYTES } from '../../../runtime/aws/composition';
import { describeBlobStore } from '../../contract/blob-store';
import { type AwsEmulator, clientOf, startAwsEmulator } from '../../support/aws-emulator';

const Bucket = 'blobs';

async function openBucket(emulator: AwsEmulator): Promise<S3Client> {
  const client = blobClient({ ...clientOf(emulator), forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket }));
  return client;
}

describeBlobStore('S3BlobStore', async () => {
  const emulator = await startAwsEmulator();
  const client = await openBucket(emulator);
  return {
    blobs: new S3BlobStore(client, Bucket),
    leastPart: LEAST_PART_BYTES,
    close: async () => {
      client.destroy();
      await emulator.stop();
    },
  };
});

describe('blobs in S3', () => {
  let emulator: AwsEmulator;
  let client: S3Client;
  let blobs: S3BlobStore;

  beforeAll(async () => {
    emulator = await startAwsEmulator();
    client = await openBucket(emulator);
    blobs = new S3BlobStore(client, Bucket);
  });
  afterAll(async () => {
    client.destroy();
    await emulator.stop();
  });

  const content = async (key: string): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await blobs.get(key))!.body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  test('a body larger than one part arrives whole, however it is cut', async () => {
    const bytes = randomBytes(20 * 1024 ** 2 + 5);
    const info = await blobs.put('large', ReadableStream.from(cut(bytes, 3_000_001)), 'video/mp4');
    expect(info).toEqual({ key: 'large', contentType: 'video/mp4', size: bytes.length, etag: info.etag });
    expect(await blobs.info('large')).toEqual(info);
    expect((await content('large')).equals(bytes)).toBe(true);
  });

  test('a large body that breaks off leaves nothing, not even its parts', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield randomBytes(20 * 1024 ** 2);
      throw new Error('the source failed');
    };
    await expect(blobs.put('broken', broken(), 'video/mp4')).rejects.toThrow('the source failed');
    expect(await blobs.info('broken')).toBeUndefined();
    expect((await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).toEqual([]);
  });

  test('parts too small for S3 to copy are composed all the same', async () => {
    const parts = [10, LEAST_PART_BYTES + 20, 0, 30, 2 * LEAST_PART_BYTES, 40].map((size) => randomBytes(size));
    const keys = parts.map((_, index) => `part-${index}`);
    await Promise.all(parts.map((part, index) => blobs.put(keys[index]!, ReadableStream.from([part]), 'text/plain')));
    const whole = Buffer.concat(parts);
    expect(await blobs.compose('mixed', keys, 'text/plain')).toMatchObject({ size: whole.length });
    expect((await content('mixed')).equals(whole)).toBe(true);
  });

  test.each([[[]], [['none']], [['none', 'few']]])('%j together are less than S3 takes as a part', async (keys) => {
    await blobs.put('none', ReadableStream.from([]), 'text/plain');
    await blobs.put('few', ReadableStream.from([Buffer.from('few')]), 'text/plain');
    await blobs.compose('small', keys, 'text/plain');
    expect((await content('small')).toString()).toBe(keys.includes('few') ? 'few' : '');
  });

  test('a signed URL reads one blob under the name and type it was signed for', async () => {
    await blobs.put('signed', ReadableStream.from([Buffer.from('meow')]), 'application/octet-stream');
    const contentDisposition = 'inline; filename="cat.txt"';
    const url = await blobs.signedUrl('signed', { method: 'GET', contentType: 'text/plain', contentDisposition }, 60);
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(response.headers.get('content-disposition')).toBe(contentDisposition);
    expect(await response.text()).toBe('meow');
  });

  test('a signed URL takes a body of any length and type', async () => {
    const url = await blobs.signedUrl('received', { method: 'PUT' }, 60);
    expect(new URL(url).search).not.toMatch(/checksum/i);
    const response = await fetch(url, { method: 'PUT', body: 'meow', headers: { 'content-type': 'image/png' } });
    expect(response.status).toBe(200);
    expect((await content('received')).toString()).toBe('meow');
  });
});

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
