import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ResourceNames } from '../../runtime/aws-layout';

/** ARNs of what a platform names itself. */
export class PlatformArns {
  constructor(
    private readonly scope: Construct,
    private readonly names: ResourceNames,
  ) {}

  get table(): string {
    return this.arn('dynamodb', 'table', this.names.table);
  }

  get tableIndexes(): string {
    return `${this.table}/index/*`;
  }

  get bucket(): string {
    return `arn:${Stack.of(this.scope).partition}:s3:::${bucketName(this.scope, this.names)}`;
  }

  get controlQueue(): string {
    return this.queue(this.names.controlQueue);
  }

  appQueue(alias: string): string {
    return this.queue(this.names.appQueue(alias));
  }

  get parameters(): string {
    return this.arn('ssm', 'parameter', `${this.names.parameterPath.slice(1)}/*`);
  }

  /** `GetParametersByPath` is granted on the path itself. */
  get parametersRoot(): string {
    return this.arn('ssm', 'parameter', this.names.parameterPath.slice(1));
  }

  get internalSecrets(): string {
    return this.arn('ssm', 'parameter', this.names.internalSecret('*').slice(1));
  }

  get secrets(): string {
    return Stack.of(this.scope).formatArn({
      service: 'secretsmanager',
      resource: 'secret',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      resourceName: this.names.secret('*'),
    });
  }

  get roles(): string {
    return Stack.of(this.scope).formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName: `${this.names.rolePath.slice(1)}*`,
    });
  }

  cluster(clusterName: string): string {
    return this.arn('ecs', 'cluster', clusterName);
  }

  tasks(clusterName: string): string {
    return this.arn('ecs', 'task', `${clusterName}/*`);
  }

  containerInstances(clusterName: string): string {
    return this.arn('ecs', 'container-instance', `${clusterName}/*`);
  }

  get taskDefinitions(): string {
    return this.arn('ecs', 'task-definition', `${this.names.taskFamily('*')}:*`);
  }

  get autoScalingGroups(): string {
    return Stack.of(this.scope).formatArn({
      service: 'autoscaling',
      resource: 'autoScalingGroup',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      resourceName: `*:autoScalingGroupName/${this.names.autoScalingGroup('*')}`,
    });
  }

  get lifecycleFunction(): string {
    return Stack.of(this.scope).formatArn({
      service: 'lambda',
      resource: 'function',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      resourceName: this.names.lifecycleFunction,
    });
  }

  private queue(name: string): string {
    return Stack.of(this.scope).formatArn({ service: 'sqs', resource: name });
  }

  private arn(service: string, resource: string, resourceName: string): string {
    return Stack.of(this.scope).formatArn({ service, resource, resourceName });
  }
}

/** With the account in it: names of buckets are taken world-wide. */
export function bucketName(scope: Construct, names: ResourceNames): string {
  const { account, region } = Stack.of(scope);
  return names.bucket(account, region);
}
