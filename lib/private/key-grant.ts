import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** A key of the platform is a SecureString under AWS's own key, which takes whoever may read the parameter. */
export function grantReadKey(construct: IConstruct, grantee: iam.IGrantable, parameter: string): iam.Grant {
  return iam.Grant.addToPrincipal({
    grantee,
    actions: ['ssm:GetParameter'],
    resourceArns: [
      Stack.of(construct).formatArn({ service: 'ssm', resource: 'parameter', resourceName: parameter.slice(1) }),
    ],
  });
}
