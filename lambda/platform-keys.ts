/** The API keys that a platform makes for itself, kept as SecureString parameters. */
import type { ResourceNames } from '../runtime/aws-layout';
import { createKey } from '../runtime/gateway/keys';
import type { ApiKey, Clock, KeyStore, SecretStore } from '../runtime/ports';

export interface PlatformKeysOptions {
  readonly keys: KeyStore;
  readonly secrets: Pick<SecretStore, 'get' | 'setIfAbsent'>;
  readonly clock: Clock;
  readonly names: ResourceNames;
}

const SCOPES: Readonly<Record<string, ApiKey['scope']>> = {
  /** What apps find in `FAL_KEY`. */
  'app-key': 'API',
  /** For whoever was granted `grantInvoke`. */
  'invoke-key': 'API',
  /** For whoever was granted `grantAdminister`, and the command line. */
  'admin-key': 'ADMIN',
};

export class PlatformKeys {
  private made: Promise<void> | undefined;

  constructor(private readonly options: PlatformKeysOptions) {}

  /** Makes those that are missing. ECS starts no container that names a parameter which isn't there: call it before. */
  async ensure(): Promise<void> {
    this.made ??= this.makeMissing();
    try {
      await this.made;
    } catch (error) {
      this.made = undefined;
      throw error;
    }
  }

  private async makeMissing(): Promise<void> {
    for (const [name, scope] of Object.entries(SCOPES)) {
      if ((await this.options.secrets.get(name)) === undefined) await this.make(name, scope);
    }
  }

  private async make(name: string, scope: ApiKey['scope']): Promise<void> {
    const { secrets, keys, names } = this.options;
    const key = await createKey(this.options, { user: names.platform, scope, description: name });
    const stored = await secrets.setIfAbsent(name, key);
    // Another process was first: its key is the one that counts.
    if (stored !== key) await keys.remove(key.slice(0, key.indexOf(':')));
  }
}
