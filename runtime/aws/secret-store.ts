/**
 * The secrets of a platform. Those of the user lie in Secrets Manager, where task definitions take them from. Those that the
 * platform makes for itself are SecureString parameters, which cost nothing.
 */
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  paginateListSecrets,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ResourceNames, TAG } from '../aws-layout';
import { UserError } from '../domain/user-error';
import type { SecretStore } from '../ports';

export interface SecretClients {
  readonly secretsManager: SecretsManagerClient;
  readonly ssm: SSMClient;
}

export class AwsSecretStore implements SecretStore {
  private readonly ofUser: UserSecrets;
  private readonly ofPlatform: InternalSecrets;

  constructor(clients: SecretClients, names: ResourceNames) {
    this.ofUser = new UserSecrets(clients.secretsManager, names);
    this.ofPlatform = new InternalSecrets(clients.ssm, names);
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

  private storeOf(name: string): Omit<SecretStore, 'names'> {
    if (!SAFE_NAME.test(name)) throw new UserError(`'${name}' can't name a secret: ${NAME_RULE}`);
    return isInternal(name) ? this.ofPlatform : this.ofUser;
  }
}

/** What Secrets Manager and SSM both take, and no way out of the platform's own names. */
const SAFE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/;
const NAME_RULE = 'use letters, digits, _, . and -, and / between parts';

/** Signing keys, and the key that apps find in `FAL_KEY`. */
function isInternal(name: string): boolean {
  return name.startsWith('platform/') || name === 'app-key';
}

class UserSecrets implements SecretStore {
  constructor(
    private readonly client: SecretsManagerClient,
    private readonly resources: ResourceNames,
  ) {}

  async get(name: string): Promise<string | undefined> {
    try {
      const command = new GetSecretValueCommand({ SecretId: this.resources.secret(name) });
      return (await this.client.send(command)).SecretString;
    } catch (error) {
      // A secret that is being deleted can't be read, which is answered as an invalid request.
      if (isNamed(error, 'ResourceNotFoundException', 'InvalidRequestException')) return undefined;
      throw error;
    }
  }

  async set(name: string, value: string): Promise<void> {
    if (await this.create(name, value)) return;
    await this.client.send(new PutSecretValueCommand({ SecretId: this.resources.secret(name), SecretString: value }));
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
    const SecretId = this.resources.secret(name);
    await this.client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
    return true;
  }

  /** False when the name is taken. Secrets Manager deletes with a delay, in which the name can't be used again. */
  private async create(name: string, value: string): Promise<boolean> {
    const command = new CreateSecretCommand({
      Name: this.resources.secret(name),
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
}

class InternalSecrets implements Omit<SecretStore, 'names'> {
  constructor(
    private readonly client: SSMClient,
    private readonly resources: ResourceNames,
  ) {}

  async get(name: string): Promise<string | undefined> {
    try {
      const command = new GetParameterCommand({ Name: this.resources.internalSecret(name), WithDecryption: true });
      return (await this.client.send(command)).Parameter?.Value;
    } catch (error) {
      if (isNamed(error, 'ParameterNotFound')) return undefined;
      throw error;
    }
  }

  async set(name: string, value: string): Promise<void> {
    await this.put(name, value, true);
  }

  async setIfAbsent(name: string, value: string): Promise<string> {
    try {
      await this.put(name, value, false);
      return value;
    } catch (error) {
      if (isNamed(error, 'ParameterAlreadyExists')) return storedByAnother(() => this.get(name), name);
      throw error;
    }
  }

  async remove(name: string): Promise<boolean> {
    try {
      await this.client.send(new DeleteParameterCommand({ Name: this.resources.internalSecret(name) }));
      return true;
    } catch (error) {
      if (isNamed(error, 'ParameterNotFound')) return false;
      throw error;
    }
  }

  private async put(name: string, Value: string, Overwrite: boolean): Promise<void> {
    const Name = this.resources.internalSecret(name);
    await this.client.send(new PutParameterCommand({ Name, Value, Type: 'SecureString', Overwrite }));
  }
}

const ATTEMPTS = 6;
const PAUSE_MS = 200;

/** The value that another writer has just stored, which a read may not find at once. */
async function storedByAnother(read: () => Promise<string | undefined>, name: string): Promise<string> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const value = await read();
    if (value !== undefined) return value;
    await sleep(PAUSE_MS * attempt);
  }
  throw new Error(`The secret ${name} exists and can't be read`);
}

function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}
