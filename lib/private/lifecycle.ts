import { CustomResource, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { HANDLER } from '../../runtime/aws-layout';
import type { ImagesRequest, TeardownRequest, VerificationRequest } from '../../runtime/aws-messages';
import { PlatformArns } from './platform-arns';
import { PlatformFunction, type PlatformFunctionSurroundings } from './platform-function';
import { allow, TABLE_ACTIONS } from './policy-statements';

/** Ends what runs before a stack is deleted: CloudFormation knows nothing of runners and machines. */
export class Lifecycle extends Construct {
  public readonly platformFunction: PlatformFunction;

  constructor(scope: Construct, id: string, props: PlatformFunctionSurroundings) {
    super(scope, id);
    const arns = new PlatformArns(this, props.names);
    const { clusterName } = props;
    const inCluster = { ArnEquals: { 'ecs:cluster': arns.cluster(clusterName) } };
    const everything = arns.all('Lists of tasks and descriptions of Auto Scaling groups take no resource.');
    this.platformFunction = new PlatformFunction(this, 'Function', {
      ...props,
      functionName: props.names.lifecycleFunction,
      handler: HANDLER.lifecycle,
      description: `Ends runners and machines of ${props.names.platform} before its stack is deleted`,
      memorySize: 512,
      timeout: Duration.minutes(15),
      statements: [
        allow(TABLE_ACTIONS, [arns.table, arns.tableIndexes]),
        allow(['ssm:GetParametersByPath'], [arns.parameters, arns.parametersRoot]),
        allow(['ssm:DeleteParameters', 'ssm:DeleteParameter'], [arns.internalSecrets]),
        allow(['ecs:StopTask', 'ecs:DescribeTasks'], [arns.tasks(clusterName)]),
        allow(['ecs:ListTasks'], [everything], inCluster),
        allow(['autoscaling:TerminateInstanceInAutoScalingGroup'], [arns.autoScalingGroups]),
        allow(['autoscaling:DescribeAutoScalingGroups'], [everything]),
        allow(['s3:ListBucketVersions'], [arns.bucket]),
        allow(['s3:DeleteObject', 's3:DeleteObjectVersion'], [arns.objects]),
        allow(['codebuild:StartBuild', 'codebuild:BatchGetBuilds'], [arns.imageProjects]),
        allow(['logs:GetLogEvents'], [arns.buildLogs]),
        // A build may take longer than a function.
        allow(['lambda:InvokeFunction'], [arns.lifecycleFunction]),
      ],
    });
  }
}

/** On its deletion all that the request names has ended before anything it depends on is deleted. */
export class Teardown extends CustomResource {
  constructor(scope: Construct, id: string, serviceToken: string, request: TeardownRequest) {
    super(scope, id, {
      serviceToken,
      resourceType: 'Custom::ServerlessGpuTeardown',
      properties: { ...request },
      serviceTimeout: Duration.minutes(30),
    });
  }
}

/** A deployment waits until the images are in their repository, and is rolled back when their build fails. */
export class BuiltImages extends CustomResource {
  constructor(scope: Construct, id: string, serviceToken: string, request: ImagesRequest) {
    super(scope, id, {
      serviceToken,
      resourceType: 'Custom::ServerlessGpuImages',
      properties: { ...request },
      serviceTimeout: Duration.hours(1),
    });
  }
}

/** A deployment waits until a runner of the new revision is ready, and is rolled back when none becomes it. */
export class DeployedRevision extends CustomResource {
  constructor(scope: Construct, id: string, serviceToken: string, request: VerificationRequest) {
    super(scope, id, {
      serviceToken,
      resourceType: 'Custom::ServerlessGpuVerification',
      properties: { ...request },
      serviceTimeout: Duration.minutes(16),
    });
  }
}
