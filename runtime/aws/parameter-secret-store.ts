import {
  DeleteParameterCommand,
  GetParameterCommand,
  paginateGetParametersByPath,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { ResourceNames } from '../aws-layout';
import type { SecretStore } from '../ports';
import { isNamed, requireSecretName, storedByAnother } from './stored-secret';

/** Secrets that the platform makes for itself: SecureString parameters, which cost nothing. At most 4 KB each. */
export class ParameterSecretStore implements SecretStore {
  constructor(
    private readonly client: SSMClient,
    private readonly resources: ResourceNames,
  ) {}

  async get(name: string): Promise<string | undefined> {
    try {
      const command = new GetParameterCommand({ Name: this.path(name), WithDecryption: true });
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

  async names(): Promise<readonly string[]> {
    const Path = this.resources.internalSecret('');
    const pages = paginateGetParametersByPath({ client: this.client }, { Path, Recursive: true });
    const names: string[] = [];
    for await (const { Parameters = [] } of pages) {
      for (const { Name = '' } of Parameters) names.push(Name.slice(Path.length));
    }
    return names.sort();
  }

  async remove(name: string): Promise<boolean> {
    try {
      await this.client.send(new DeleteParameterCommand({ Name: this.path(name) }));
      return true;
    } catch (error) {
      if (isNamed(error, 'ParameterNotFound')) return false;
      throw error;
    }
  }

  private async put(name: string, Value: string, Overwrite: boolean): Promise<void> {
    const Name = this.path(name);
    await this.client.send(new PutParameterCommand({ Name, Value, Type: 'SecureString', Overwrite }));
  }

  private path(name: string): string {
    return this.resources.internalSecret(requireSecretName(name));
  }
}
