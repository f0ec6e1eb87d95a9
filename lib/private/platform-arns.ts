import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { BUILD_LOG_STREAM, type ResourceNames } from '../../runtime/aws-layout';
import { acknowledgeWildcard } from './acknowledgements';

const OF_OTHER_STACKS =
  'What apps and pools of this one platform have, in stacks that this one must not refer to: by the name of the platform.';
const MADE_BY_ECS = 'ECS makes up the ids; the ARN names the cluster.';

/** ARNs of what a platform names itself. One with a wildcard says to cdk-nag why the roles of the construct need it. */
export class PlatformArns {
  constructor(
    private readonly scope: Construct,
    private readonly names: ResourceNames,
  ) {}

  get table(): string {
    return this.arn('dynamodb', 'table', this.names.table);
  }

  get tableIndexes(): string {
    return this.wildcard(`${this.table}/index/*`, 'All indexes of this one table.');
  }

  get bucket(): string {
    return `arn:${Stack.of(this.scope).partition}:s3:::${bucketName(this.scope, this.names)}`;
  }

  get objects(): string {
    return this.wildcard(
      `${this.bucket}/*`,
      "All objects of the platform's own bucket: their keys have ids of requests.",
    );
  }

  /** Objects of some requests, by a pattern of their keys. */
  objectsLike(pattern: string): string {
    return this.wildcard(`${this.bucket}/${pattern}`, 'Objects of requests of this app alone: their keys have ids.');
  }

  get controlQueue(): string {
    return this.queue(this.names.controlQueue);
  }

  get appQueues(): string {
    return this.wildcard(this.queue(this.names.appQueue('*')), OF_OTHER_STACKS);
  }

  get parameters(): string {
    return this.wildcard(this.arn('ssm', 'parameter', `${this.names.parameterPath.slice(1)}/*`), OF_OTHER_STACKS);
  }

  /** `GetParametersByPath` is granted on the path itself. */
  get parametersRoot(): string {
    return this.arn('ssm', 'parameter', this.names.parameterPath.slice(1));
  }

  get internalSecrets(): string {
    return this.wildcard(
      this.arn('ssm', 'parameter', this.names.internalSecret('*').slice(1)),
      'What the platform keeps for itself, under a path of its own.',
    );
  }

  get imageProjects(): string {
    return this.wildcard(this.arn('codebuild', 'project', this.names.imageProject('*')), OF_OTHER_STACKS);
  }

  /** What the builds of images printed. */
  get buildLogs(): string {
    const arn = Stack.of(this.scope).formatArn({
      service: 'logs',
      resource: 'log-group',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      resourceName: `${this.names.appLogGroup('*')}:log-stream:${BUILD_LOG_STREAM}/*`,
    });
    return this.wildcard(arn, OF_OTHER_STACKS);
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
    const arn = Stack.of(this.scope).formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName: `${this.names.rolePath.slice(1)}*`,
    });
    return this.wildcard(arn, OF_OTHER_STACKS);
  }

  cluster(clusterName: string): string {
    return this.arn('ecs', 'cluster', clusterName);
  }

  tasks(clusterName: string): string {
    return this.wildcard(this.arn('ecs', 'task', `${clusterName}/*`), MADE_BY_ECS);
  }

  containerInstances(clusterName: string): string {
    return this.wildcard(this.arn('ecs', 'container-instance', `${clusterName}/*`), MADE_BY_ECS);
  }

  get taskDefinitions(): string {
    return this.wildcard(this.arn('ecs', 'task-definition', `${this.names.taskFamily('*')}:*`), OF_OTHER_STACKS);
  }

  get autoScalingGroups(): string {
    const arn = Stack.of(this.scope).formatArn({
      service: 'autoscaling',
      resource: 'autoScalingGroup',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      resourceName: `*:autoScalingGroupName/${this.names.autoScalingGroup('*')}`,
    });
    return this.wildcard(arn, OF_OTHER_STACKS);
  }

  /** What a fleet consists of, and its image, which is another account's. */
  get launched(): readonly string[] {
    const reason =
      'Instances, volumes and network interfaces that EC2 makes up the ids of, from templates of all stacks.';
    const stack = Stack.of(this.scope);
    return [
      this.wildcard(stack.formatArn({ service: 'ec2', resource: '*', resourceName: '*' }), reason),
      this.wildcard(stack.formatArn({ service: 'ec2', account: '', resource: 'image', resourceName: '*' }), reason),
    ];
  }

  get lifecycleFunction(): string {
    return Stack.of(this.scope).formatArn({
      service: 'lambda',
      resource: 'function',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      resourceName: this.names.lifecycleFunction,
    });
  }

  /** For actions that take no resource. */
  all(reason: string): string {
    return this.wildcard('*', reason);
  }

  private wildcard(arn: string, reason: string): string {
    acknowledgeWildcard(this.scope, arn, reason);
    return arn;
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
