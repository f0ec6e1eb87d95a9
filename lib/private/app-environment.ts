import { Fn, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { VARIABLE, type ResourceNames } from '../../runtime/aws-layout';
import { bucketName } from './platform-arns';

/** The variables that fal sets in a runner, with the addresses of this platform. `FAL_JOB_ID` comes with each start. */
export function platformEnvironment(appId: string, url: string): Readonly<Record<string, string>> {
  const host = Fn.select(1, Fn.split('://', url, 2));
  return {
    FAL_APP_NAME: appId,
    FAL_APP_ID: appId,
    FAL_RUN_HOST: `${host}/run`,
    FAL_QUEUE_RUN_HOST: `${host}/queue`,
    SGPU_RUN_URL: `${url}/run`,
    SGPU_QUEUE_URL: `${url}/queue`,
    SGPU_REST_URL: `${url}/rest`,
    SGPU_CDN_URL: `${url}/cdn`,
  };
}

export interface AgentSurroundings {
  /** `owner/alias`. */
  readonly appId: string;
  readonly names: ResourceNames;
  readonly clusterName: string;
  readonly queueUrl: string;
}

/** What the agent beside an app is told. */
export function agentEnvironment(
  scope: Construct,
  { appId, names, clusterName, queueUrl }: AgentSurroundings,
): Readonly<Record<string, string>> {
  return {
    [VARIABLE.platform]: names.platform,
    [VARIABLE.app]: appId,
    [VARIABLE.table]: names.table,
    [VARIABLE.bucket]: bucketName(scope, names),
    [VARIABLE.cluster]: clusterName,
    [VARIABLE.queueUrl]: queueUrl,
  };
}

/** The key with which apps call the platform. The controller makes it before it starts the first runner. */
export function appKeySecret(scope: Construct, names: ResourceNames): ecs.Secret {
  return new ParameterSecret(
    Stack.of(scope).formatArn({ service: 'ssm', resource: 'parameter', resourceName: names.appKey.slice(1) }),
  );
}

/** Unlike `ecs.Secret.fromSsmParameter`, it grants no more than ECS needs. */
class ParameterSecret extends ecs.Secret {
  public readonly hasField = false;

  constructor(public readonly arn: string) {
    super();
  }

  public grantRead(grantee: iam.IGrantable): iam.Grant {
    return iam.Grant.addToPrincipal({ grantee, actions: ['ssm:GetParameters'], resourceArns: [this.arn] });
  }
}
