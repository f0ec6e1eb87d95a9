import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../domain/user-error';
import type { SecretStore } from '../ports';
import { writeDurably } from './durable-file';
import { errorCode } from './error-code';

/** Secrets in one JSON file that only its owner may read. */
export class FileSecretStore implements SecretStore {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly path: string) {}

  async get(name: string): Promise<string | undefined> {
    return (await this.read()).get(name);
  }

  async set(name: string, value: string): Promise<void> {
    await this.change((secrets) => secrets.set(name, value));
  }

  async setIfAbsent(name: string, value: string): Promise<string> {
    const secrets = await this.change((current) => current.has(name) || current.set(name, value));
    return secrets.get(name) ?? value;
  }

  async names(): Promise<readonly string[]> {
    return [...(await this.read()).keys()].sort();
  }

  async remove(name: string): Promise<boolean> {
    let removed = false;
    await this.change((secrets) => (removed = secrets.delete(name)));
    return removed;
  }

  /** One change at a time: each begins with what the one before has written. */
  private async change(apply: (secrets: Map<string, string>) => unknown): Promise<ReadonlyMap<string, string>> {
    const changed = this.last.then(async () => {
      const secrets = await this.read();
      apply(secrets);
      await this.write(secrets);
      return secrets;
    });
    this.last = changed.catch(() => undefined);
    return changed;
  }

  private async read(): Promise<Map<string, string>> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return new Map();
      throw error;
    }
    try {
      return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
    } catch {
      throw new UserError(`${this.path} is not valid JSON; mend it or remove it and set the secrets again`);
    }
  }

  private async write(secrets: ReadonlyMap<string, string>): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await writeDurably(this.path, [Buffer.from(JSON.stringify(Object.fromEntries(secrets), undefined, 2))]);
  }
}
