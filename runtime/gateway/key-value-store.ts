/**
 * What `fal.toolkit.KVStore` keeps: short texts by user, database and key. Each lies in a blob of its own, so that any blob
 * store will do; what has expired is removed when somebody asks for it.
 */
import { createHash } from 'node:crypto';
import type { BlobStore, Clock } from '../ports';

export interface ValueAddress {
  readonly user: string;
  readonly database: string;
  readonly key: string;
}

interface StoredValue {
  readonly value: string;
  /** Ms since the epoch. */
  readonly expiresAt: number;
}

export class KeyValueStore {
  constructor(
    private readonly blobs: BlobStore,
    private readonly clock: Clock,
  ) {}

  async get(address: ValueAddress): Promise<string | undefined> {
    const blob = await this.blobs.get(blobKey(address));
    if (blob === undefined) return undefined;
    const chunks: Uint8Array[] = [];
    for await (const chunk of blob.body) chunks.push(chunk);
    const { value, expiresAt } = JSON.parse(Buffer.concat(chunks).toString()) as StoredValue;
    if (this.clock.now() < expiresAt) return value;
    await this.delete(address);
    return undefined;
  }

  async set(address: ValueAddress, value: string, seconds: number): Promise<void> {
    const stored: StoredValue = { value, expiresAt: this.clock.now() + seconds * 1000 };
    const body = ReadableStream.from([Buffer.from(JSON.stringify(stored))]);
    await this.blobs.put(blobKey(address), body, 'application/json');
  }

  delete(address: ValueAddress): Promise<void> {
    return this.blobs.remove(blobKey(address));
  }
}

/** A hash: names and keys may have any character, and keys of blobs may not. */
function blobKey({ user, database, key }: ValueAddress): string {
  return `kv/${createHash('sha256')
    .update(JSON.stringify([user, database, key]))
    .digest('hex')}`;
}
