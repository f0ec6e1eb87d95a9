import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  paginateListSecrets,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ResourceNames, TAG } from '../aws-layout';
import type { SecretStore } from '../ports';
import { isNamed, requireSecretName, storedByAnother } from './stored-secret';

/** How long a name may still be taken by a secret that was removed. */
const ATTEMPTS = 6;
const PAUSE_MS = 200;

/** Secrets of the user, in Secrets Manager, where task definitions take them from. */
export class SecretsManagerStore implements SecretStore {
  constructor(
    private readonly client: SecretsManagerClient,
    private readonly resources: ResourceNames,
  ) {}

  async get(name: string): Promise<string | undefined> {
    try {
      const command = new GetSecretValueCommand({ SecretId: this.id(name) });
      return (await this.client.send(command)).SecretString;
    } catch (error) {
      // A secret that is being deleted can't be read, which is answered as an invalid request.
      if (isNamed(error, 'ResourceNotFoundException', 'InvalidRequestException')) return undefined;
      throw error;
    }
  }

  async set(name: string, value: string): Promise<void> {
    if (await this.create(name, value)) return;
    await this.client.send(new PutSecretValueCommand({ SecretId: this.id(name), SecretString: value }));
  }

  async setIfAbsent(name: string, value: string): Promise<string> {
    const stored = await this.get(name);
    if (stored !== undefined || (await this.create(name, value))) return stored ?? value;
    return storedByAnother(() => this.get(name), name);
  }

  async names(): Promise<readonly string[]> {
    const prefix = this.resources.secret('');
    const pages = paginateListSecrets({ client: this.client }, { Filters: [{ Key: 'name', Values: [prefix] }] });
    const names: string[] = [];
    for await (const { SecretList = [] } of pages) {
      // The filter ignores case.
      for (const { Name = '' } of SecretList) if (Name.startsWith(prefix)) names.push(Name.slice(prefix.length));
    }
    return names.sort();
  }

  async remove(name: string): Promise<boolean> {
    if ((await this.get(name)) === undefined) return false;
    const SecretId = this.id(name);
    await this.client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
    return true;
  }

  /** False when the name is taken. Secrets Manager deletes with a delay, in which the name can't be used again. */
  private async create(name: string, value: string): Promise<boolean> {
    const command = new CreateSecretCommand({
      Name: this.id(name),
      SecretString: value,
      Tags: [{ Key: TAG.platform, Value: this.resources.platform }],
    });
    for (let attempt = 1; ; attempt++) {
      try {
        await this.client.send(command);
        return true;
      } catch (error) {
        if (isNamed(error, 'ResourceExistsException')) return false;
        if (!isNamed(error, 'InvalidRequestException') || attempt === ATTEMPTS) throw error;
        await sleep(PAUSE_MS * attempt);
      }
    }
  }

  private id(name: string): string {
    return this.resources.secret(requireSecretName(name));
  }
}
