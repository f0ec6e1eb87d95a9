import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { ResourceNames } from '../../runtime/aws-layout';
import { refuse } from './refusal';

/** By the names of the queues: those of apps in other stacks would make circles. */
export function grantSendToApps(
  platform: IConstruct,
  grantee: iam.IGrantable,
  names: ResourceNames,
  apps: readonly string[],
): iam.Grant {
  if (apps.length === 0) refuse(platform, 'work is granted to the apps that the platform has by then: make one first');
  return iam.Grant.addToPrincipal({
    grantee,
    actions: ['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
    resourceArns: apps.map((app) => Stack.of(platform).formatArn({ service: 'sqs', resource: names.appQueue(app) })),
  });
}
