/** Secrets of a platform in AWS Secrets Manager. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ResourceNames } from '../../runtime/aws-layout';
import { SecretsManagerStore } from '../../runtime/aws/secrets-manager-store';
import type { SecretPlace } from '../secrets/secret-place';
import { awsProblem, clientConfiguration, shown, type AwsAccess } from './access';

export function secretsInAws(platform: string, access: AwsAccess): SecretPlace {
  const client = shown(new SecretsManagerClient(clientConfiguration(access)), access);
  const store = new SecretsManagerStore(client, new ResourceNames(platform));
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw awsProblem(error, `to use the secrets of ${platform}`);
    }
  };
  return {
    names: () => told(store.names()),
    set: (name, value) => told(store.set(name, value)),
    remove: (name) => told(store.remove(name)),
  };
}
