import { Fn, Token } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { ResourceNames } from '../../runtime/aws-layout';
import type { ServerlessGpuPlatformAttributes } from '../platform-interface';

/** Ids and names have neither; CloudFormation can split, and can't read JSON. */
const BETWEEN_ATTRIBUTES = ',';
const BETWEEN_SUBNETS = '|';

/** What stacks of other CDK apps need to know, as one parameter. */
export function writeAttributes(scope: Construct, id: string, attributes: ServerlessGpuPlatformAttributes): void {
  const { platformName, clusterName, securityGroupId, instanceProfileArn, fileSystemId, url, subnetIds } = attributes;
  new ssm.CfnParameter(scope, id, {
    type: 'String',
    name: new ResourceNames(platformName).attributesParameter,
    value: [clusterName, securityGroupId, instanceProfileArn, fileSystemId, url, subnetIds.join(BETWEEN_SUBNETS)].join(
      BETWEEN_ATTRIBUTES,
    ),
  });
}

/** Read by CloudFormation when the stack is deployed, not when it is synthesised. */
export function readAttributes(scope: Construct, platformName: string): ServerlessGpuPlatformAttributes {
  const { attributesParameter } = new ResourceNames(platformName);
  const value = ssm.StringParameter.valueForStringParameter(scope, attributesParameter);
  const attribute = (index: number): string => Fn.select(index, Fn.split(BETWEEN_ATTRIBUTES, value));
  return {
    platformName,
    clusterName: attribute(0),
    securityGroupId: attribute(1),
    instanceProfileArn: attribute(2),
    fileSystemId: attribute(3),
    url: attribute(4),
    subnetIds: Token.asList(Fn.split(BETWEEN_SUBNETS, attribute(5))),
  };
}
