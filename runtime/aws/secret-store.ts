import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { ResourceNames } from '../aws-layout';
import type { SecretStore } from '../ports';
import { ParameterSecretStore } from './parameter-secret-store';
import { SecretsManagerStore } from './secrets-manager-store';

/** All secrets of a platform: those of the user, and those that it makes for itself. Each has its own place. */
export class AwsSecretStore implements SecretStore {
  private readonly ofUser: SecretsManagerStore;
  private readonly ofPlatform: ParameterSecretStore;

  constructor(
    clients: { readonly secretsManager: SecretsManagerClient; readonly ssm: SSMClient },
    names: ResourceNames,
  ) {
    this.ofUser = new SecretsManagerStore(clients.secretsManager, names);
    this.ofPlatform = new ParameterSecretStore(clients.ssm, names);
  }

  async get(name: string): Promise<string | undefined> {
    return this.storeOf(name).get(name);
  }

  async set(name: string, value: string): Promise<void> {
    await this.storeOf(name).set(name, value);
  }

  async setIfAbsent(name: string, value: string): Promise<string> {
    return this.storeOf(name).setIfAbsent(name, value);
  }

  /** Those of the user. */
  async names(): Promise<readonly string[]> {
    return this.ofUser.names();
  }

  async remove(name: string): Promise<boolean> {
    return this.storeOf(name).remove(name);
  }

  private storeOf(name: string): SecretStore {
    return isInternal(name) ? this.ofPlatform : this.ofUser;
  }
}

/** The platform's own API keys: what apps find in `FAL_KEY`, and what it gives to those it was granted to. */
const KEYS: ReadonlySet<string> = new Set(['app-key', 'invoke-key', 'admin-key']);

/** Signing keys, and those. */
function isInternal(name: string): boolean {
  return name.startsWith('platform/') || KEYS.has(name);
}
