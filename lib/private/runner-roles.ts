import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { runnerObjects, runnerPartitions, type ResourceNames } from '../../runtime/aws-layout';
import { acknowledgeWildcard } from './acknowledgements';
import type { AppVolume } from './app-volumes';
import { PlatformArns } from './platform-arns';
import { allow, TABLE_ACTIONS } from './policy-statements';

export interface RunnerRolesProps {
  readonly names: ResourceNames;
  /** `owner/alias`. */
  readonly app: string;
  readonly queueArn: string;
  readonly volumes: readonly AppVolume[];
  readonly logGroup: ILogGroup;
}

/** What a runner may do: nothing with machines or tasks, and nothing with what belongs to other apps. */
export class RunnerRoles extends Construct {
  /** Of app and agent. */
  public readonly task: iam.Role;

  /** Of ECS, while it pulls the images and reads the secrets. */
  public readonly execution: iam.Role;

  constructor(scope: Construct, id: string, props: RunnerRolesProps) {
    super(scope, id);
    const { account } = Stack.of(this);
    const path = props.names.rolePath;
    const assumedBy = new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    });
    this.task = new iam.Role(this, 'Task', {
      assumedBy,
      path,
      inlinePolicies: { runner: new iam.PolicyDocument({ statements: this.taskStatements(props) }) },
    });
    this.execution = new iam.Role(this, 'Execution', { assumedBy, path });
    acknowledgeWildcard(this.execution, '*', 'ecr:GetAuthorizationToken takes no resource.');
    props.logGroup.grantWrite(this.execution);
  }

  private taskStatements({ names, app, queueArn, volumes }: RunnerRolesProps): iam.PolicyStatement[] {
    const arns = new PlatformArns(this, names);
    return [
      allow(TABLE_ACTIONS, [arns.table, arns.tableIndexes], {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': runnerPartitions(app) },
        // With no key at all, ForAllValues would hold.
        Null: { 'dynamodb:LeadingKeys': 'false' },
      }),
      allow(
        ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
        runnerObjects(app).map((pattern) => arns.objectsLike(pattern)),
      ),
      allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:SendMessage'], [queueArn]),
      ...volumes.flatMap(({ statements }) => statements),
    ];
  }
}
