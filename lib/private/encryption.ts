import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { ResourceNames } from '../../runtime/aws-layout';
import { PlatformArns } from './platform-arns';

/**
 * Lets all roles of a platform use a key through S3 and DynamoDB. It is said in the policy of the key, as AWS does for its
 * own keys: apps of other stacks are known by the path of their roles alone. The policy of an imported key stays as it is.
 */
export function letPlatformUse(key: IKey, scope: Construct, names: ResourceNames): void {
  const { account, region, urlSuffix } = Stack.of(scope);
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.AnyPrincipal()],
      actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
      resources: ['*'],
      conditions: {
        StringEquals: {
          'kms:CallerAccount': account,
          'kms:ViaService': ['dynamodb', 's3'].map((service) => `${service}.${region}.${urlSuffix}`),
        },
        ArnLike: { 'aws:PrincipalArn': new PlatformArns(scope, names).roles },
      },
    }),
  );
}
