import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { ResourceNames } from '../aws-layout';
import { internalSecret } from '../domain/secret-name';
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
    return internalSecret(name) ? this.ofPlatform : this.ofUser;
  }
}
