import type { ApiKey, KeyStore } from '../../runtime/ports';

/** API keys in memory. */
export class MemoryKeyStore implements KeyStore {
  private readonly keys = new Map<string, ApiKey>();

  async put(key: ApiKey): Promise<void> {
    this.keys.set(key.id, key);
  }

  async get(id: string): Promise<ApiKey | undefined> {
    return this.keys.get(id);
  }

  async list(): Promise<readonly ApiKey[]> {
    return [...this.keys.values()];
  }

  async remove(id: string): Promise<boolean> {
    return this.keys.delete(id);
  }
}
