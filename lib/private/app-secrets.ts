import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { ResourceNames } from '../../runtime/aws-layout';
import type { AppSpec } from '../../runtime/domain/app-spec';

/** Secrets of an app by their variables. Those that only the source names are in Secrets Manager under the platform's name. */
export function appSecrets(
  app: Construct,
  { secrets: named = [] }: AppSpec,
  names: ResourceNames,
  given: Readonly<Record<string, ecs.Secret>>,
): Readonly<Record<string, ecs.Secret>> {
  const stored = named
    .filter((name) => !(name in given))
    .map((name) => {
      const secret = Secret.fromSecretNameV2(app, `Secret-${name}`, names.secret(name));
      return [name, ecs.Secret.fromSecretsManager(secret)] as const;
    });
  return { ...Object.fromEntries(stored), ...given };
}
