import type { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { HANDLER, VARIABLE, type ResourceNames } from '../../runtime/aws-layout';
import { assetPath } from './assets';
import { PlatformArns } from './platform-arns';

/** What every function of a platform knows. */
export interface PlatformFunctionSurroundings {
  readonly names: ResourceNames;
  readonly logGroup: ILogGroup;
  readonly bucketName: string;
  readonly clusterName: string;
  readonly controlQueueUrl: string;
  /** X-Ray gets traces of gateway and controller. */
  readonly tracing: boolean;
}

export interface PlatformFunctionProps extends PlatformFunctionSurroundings {
  /** The folder of its code under `assets/`. */
  readonly handler: string;
  readonly description: string;
  readonly memorySize: number;
  readonly timeout: Duration;
  readonly statements: readonly iam.PolicyStatement[];
  readonly functionName?: string;
}

/** A Lambda function of the platform with a role that has one inline policy. It is in no VPC: it reaches AWS alone. */
export class PlatformFunction extends Construct {
  public readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: PlatformFunctionProps) {
    super(scope, id);
    const { names, logGroup, statements } = props;
    const traced = props.tracing && TRACED.has(props.handler);
    const tracing = traced ? [sendTraces(new PlatformArns(this, names))] : [];
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      path: names.rolePath,
      inlinePolicies: {
        platform: new iam.PolicyDocument({ statements: [...statements, ...tracing, writeLogs(logGroup)] }),
      },
    });
    this.function = new lambda.Function(this, 'Resource', {
      description: props.description,
      ...(props.functionName === undefined ? {} : { functionName: props.functionName }),
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(assetPath(props.handler)),
      handler: 'index.handler',
      memorySize: props.memorySize,
      timeout: props.timeout,
      role: role.withoutPolicyUpdates(),
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      ...(traced ? { tracing: lambda.Tracing.ACTIVE } : {}),
      environment: {
        [VARIABLE.platform]: names.platform,
        [VARIABLE.table]: names.table,
        [VARIABLE.bucket]: props.bucketName,
        [VARIABLE.cluster]: props.clusterName,
        [VARIABLE.controlQueueUrl]: props.controlQueueUrl,
        NODE_OPTIONS: '--enable-source-maps',
        ...(traced ? { [VARIABLE.tracing]: 'true' } : {}),
      },
    });
  }
}

/** The functions that call `openCallTrace`. */
const TRACED: ReadonlySet<string> = new Set([HANDLER.gateway, HANDLER.controller]);

/** The role takes no statements of the CDK's, which are these. */
function sendTraces(arns: PlatformArns): iam.PolicyStatement {
  return new iam.PolicyStatement({
    actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
    resources: [arns.all('X-Ray defines no resource for what is sent to it.')],
  });
}

function writeLogs(logGroup: ILogGroup): iam.PolicyStatement {
  return new iam.PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  });
}
