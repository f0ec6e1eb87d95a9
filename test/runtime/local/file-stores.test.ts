/** What the stores on files do beyond the words of their ports. */
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileBlobStore } from '../../../runtime/local/blob-store';
import { FileSecretStore } from '../../../runtime/local/secret-store';
import { temporaryFolder } from './state-folder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describe('FileBlobStore', () => {
  test('opening clears what an interrupted upload left', async () => {
    await mkdir(join(folder.path, 'uploads'));
    await writeFile(join(folder.path, 'uploads', 'half.tmp'), 'half');
    await FileBlobStore.open(folder.path);
    expect(await filesBelow(folder.path)).toEqual([]);
  });

  test('replaced and removed blobs leave no file behind', async () => {
    const blobs = await FileBlobStore.open(folder.path);
    await blobs.put('a', bytes('one'), 'text/plain');
    await blobs.put('a', bytes('two'), 'text/plain');
    await blobs.compose('whole', ['a'], 'text/plain');
    await blobs.remove('whole');
    expect(await filesBelow(folder.path)).toEqual([]);
  });

  test('blobs are still there after the folder was moved', async () => {
    await (await FileBlobStore.open(join(folder.path, 'before'))).put('a', bytes('one'), 'text/plain');
    await rename(join(folder.path, 'before'), join(folder.path, 'after'));
    const moved = await (await FileBlobStore.open(join(folder.path, 'after'))).get('a');
    const pieces: Uint8Array[] = [];
    for await (const piece of moved?.body ?? []) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe('one');
  });
});

describe('FileSecretStore', () => {
  test('only the owner may read the file', async () => {
    const path = join(folder.path, 'state', 'secrets.json');
    await new FileSecretStore(path).set('TOKEN', 'x');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('secrets outlive the store, and no half-written file is left', async () => {
    const path = join(folder.path, 'secrets.json');
    const secrets = new FileSecretStore(path);
    await Promise.all(Array.from({ length: 20 }, (_, n) => secrets.set(`TOKEN_${n}`, String(n))));
    expect(await new FileSecretStore(path).get('TOKEN_7')).toBe('7');
    expect(await readdir(folder.path)).toEqual(['secrets.json']);
  });

  test('a damaged file is named and left as it is', async () => {
    const path = join(folder.path, 'secrets.json');
    await writeFile(path, '{"TOKEN":');
    const secrets = new FileSecretStore(path);
    await expect(secrets.set('OTHER', 'x')).rejects.toThrow(`${path} is not valid JSON`);
    expect(await readFile(path, 'utf8')).toBe('{"TOKEN":');
  });

  test('a secret may be named like a property of every object', async () => {
    const secrets = new FileSecretStore(join(folder.path, 'secrets.json'));
    expect(await secrets.get('constructor')).toBeUndefined();
    await secrets.set('__proto__', 'x');
    expect(await secrets.get('__proto__')).toBe('x');
  });
});
