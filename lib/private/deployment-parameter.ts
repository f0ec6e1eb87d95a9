import { Stack } from 'aws-cdk-lib';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';

/** What the running platform is told, as JSON in a standard parameter: free, and at most 4 KB. */
export function deploymentParameter(scope: Construct, id: string, name: string, deployment: object): CfnParameter {
  return new CfnParameter(scope, id, { type: 'String', name, value: Stack.of(scope).toJsonString(deployment) });
}
