import type * as iam from 'aws-cdk-lib/aws-iam';
import type { PlatformArns } from './platform-arns';
import { allow, TABLE_ACTIONS } from './policy-statements';

/** What the gateway may do, as a function and as a container. */
export function gatewayStatements(arns: PlatformArns): iam.PolicyStatement[] {
  return [
    allow(TABLE_ACTIONS, [arns.table, arns.tableIndexes]),
    allow(['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'], [arns.objects]),
    // Without it S3 answers 403 instead of 404 for a key that is not there.
    allow(['s3:ListBucket'], [arns.bucket]),
    allow(['sqs:SendMessage'], [arns.controlQueue, arns.appQueues]),
    allow(['ssm:GetParameter', 'ssm:PutParameter'], [arns.internalSecrets]),
  ];
}
