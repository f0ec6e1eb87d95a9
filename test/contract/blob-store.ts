import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { BlobStore, StoredBlob } from '../../runtime/ports';
import { eventually } from './eventually';

export interface OpenBlobStore {
  readonly blobs: BlobStore;
  /** The least size of all parts of a `compose` but the last. */
  readonly leastPart: number;
  readonly close: () => Promise<void>;
}

/** What every `BlobStore` does. */
export function describeBlobStore(name: string, open: () => Promise<OpenBlobStore>): void {
  describe(`${name} as a BlobStore`, () => {
    let opened: OpenBlobStore;
    let blobs: BlobStore;
    let key: string;

    beforeAll(async () => {
      opened = await open();
      blobs = opened.blobs;
    });
    beforeEach(() => {
      key = `files/${uuidv7()}`;
    });
    afterAll(() => opened.close());

    const put = (to: string, ...pieces: readonly (string | Uint8Array)[]): ReturnType<BlobStore['put']> =>
      blobs.put(to, stream(pieces), 'text/plain');

    const text = async (range?: { start: number; end?: number }): Promise<string> =>
      (await bytesOf(await blobs.get(key, range))).toString();

    test('a blob comes back byte for byte with its description', async () => {
      const bytes = randomBytes(300_000);
      const stored = await blobs.put(key, stream([bytes.subarray(0, 7), bytes.subarray(7)]), 'image/png');
      expect(stored).toEqual({ key, contentType: 'image/png', size: 300_000, etag: stored.etag });
      expect(stored.etag).toMatch(/^".+"$/);
      const { body, ...description } = defined(await blobs.get(key));
      expect(description).toEqual(stored);
      expect((await bytesOf({ body })).equals(bytes)).toBe(true);
      expect(await blobs.info(key)).toEqual(stored);
    });

    test('an empty blob is a blob', async () => {
      expect((await put(key)).size).toBe(0);
      expect(await text()).toBe('');
    });

    test('a blob that does not exist is undefined', async () => {
      expect(await blobs.get(key)).toBeUndefined();
      expect(await blobs.info(key)).toBeUndefined();
    });

    test('a range holds both of its ends', async () => {
      await put(key, '0123', '456789');
      expect(await text({ start: 2, end: 5 })).toBe('2345');
      expect(await text({ start: 0, end: 0 })).toBe('0');
      expect(await text({ start: 7 })).toBe('789');
      expect(await text({ start: 7, end: 100 })).toBe('789');
    });

    test('a range is described with the size of the whole', async () => {
      await put(key, '0123456789');
      const { body, ...description } = defined(await blobs.get(key, { start: 2, end: 3 }));
      await bytesOf({ body });
      expect(description).toMatchObject({ key, size: 10 });
    });

    test('putting again replaces the content and its entity tag', async () => {
      const before = await put(key, 'before');
      const after = await put(key, 'after!');
      expect(await text()).toBe('after!');
      expect(after.etag).not.toBe(before.etag);
    });

    test('when the source fails nothing is stored and what was there stays', async () => {
      await put(key, 'whole');
      const other = `${key}-new`;
      await expect(blobs.put(key, broken('ha'), 'text/plain')).rejects.toThrow('the source failed');
      await expect(blobs.put(other, broken('ha'), 'text/plain')).rejects.toThrow('the source failed');
      expect(await text()).toBe('whole');
      expect(await blobs.info(other)).toBeUndefined();
    });

    test('composing joins the parts in order and removes them', async () => {
      const first = randomBytes(opened.leastPart);
      await blobs.put(`${key}-1`, stream([first]), 'application/octet-stream');
      await put(`${key}-2`, 'the end');
      const whole = await blobs.compose(key, [`${key}-1`, `${key}-2`], 'video/mp4');
      expect(whole).toMatchObject({ key, contentType: 'video/mp4', size: opened.leastPart + 7 });
      const bytes = await bytesOf(await blobs.get(key));
      expect(bytes.equals(Buffer.concat([first, Buffer.from('the end')]))).toBe(true);
      await eventually(async () => {
        expect(await blobs.info(`${key}-1`)).toBeUndefined();
        expect(await blobs.info(`${key}-2`)).toBeUndefined();
      });
    });

    test('composing of a part that is missing fails and stores nothing', async () => {
      await put(`${key}-1`, 'one');
      await expect(blobs.compose(key, [`${key}-1`, `${key}-2`], 'text/plain')).rejects.toThrow();
      expect(await blobs.info(key)).toBeUndefined();
    });

    test('a removed blob is gone, and removing it again changes nothing', async () => {
      await put(key, 'x');
      await blobs.remove(key);
      await blobs.remove(key);
      expect(await blobs.info(key)).toBeUndefined();
    });

    test('a key and one below it are two blobs', async () => {
      await put(key, 'above');
      await put(`${key}/below`, 'below');
      expect(await text()).toBe('above');
      await blobs.remove(key);
      expect((await bytesOf(await blobs.get(`${key}/below`))).toString()).toBe('below');
    });

    test.each([
      '',
      '/',
      '/etc/passwd',
      '../up',
      'a/../b',
      'a//b',
      'a/',
      '.',
      'a\\b',
      'a b',
      'a\0b',
      'ä',
      'a?b',
      'a%2e',
    ])('the key %j is refused', async (unsafe) => {
      await expect(put(unsafe, 'x')).rejects.toThrow();
      await expect(blobs.get(unsafe)).rejects.toThrow();
      await expect(blobs.info(unsafe)).rejects.toThrow();
      await expect(blobs.remove(unsafe)).rejects.toThrow();
    });
  });
}

async function* stream(pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

async function* broken(beginning: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(beginning);
  throw new Error('the source failed');
}

async function bytesOf(blob: Pick<StoredBlob, 'body'> | undefined): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of defined(blob).body) pieces.push(piece);
  return Buffer.concat(pieces);
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Nothing there');
  return value;
}
