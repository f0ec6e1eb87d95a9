import { Duration, Fn } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { HANDLER } from '../../runtime/aws-layout';
import { PlatformArns } from './platform-arns';
import { PlatformFunction, type PlatformFunctionSurroundings } from './platform-function';
import { allow, TABLE_ACTIONS } from './policy-statements';

/** The HTTP API at a function URL. Keys are checked by its code: fal's clients sign nothing. */
export class GatewayFunction extends Construct {
  public readonly platformFunction: PlatformFunction;

  /** `https://…`, without a path. */
  public readonly url: string;

  constructor(scope: Construct, id: string, props: PlatformFunctionSurroundings) {
    super(scope, id);
    const arns = new PlatformArns(this, props.names);
    this.platformFunction = new PlatformFunction(this, 'Function', {
      ...props,
      handler: HANDLER.gateway,
      description: `The HTTP API of ${props.names.platform}`,
      memorySize: 1024,
      timeout: Duration.minutes(15),
      statements: [
        allow(TABLE_ACTIONS, [arns.table, arns.tableIndexes]),
        allow(['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'], [arns.objects]),
        // Without it S3 answers 403 instead of 404 for a key that is not there.
        allow(['s3:ListBucket'], [arns.bucket]),
        allow(['sqs:SendMessage', 'sqs:GetQueueUrl'], [arns.controlQueue, arns.appQueues]),
        allow(['ssm:GetParameter', 'ssm:PutParameter'], [arns.internalSecrets]),
      ],
    });
    const url = this.platformFunction.function.addFunctionUrl({
      authType: lambda.FunctionUrlAuthType.NONE,
      invokeMode: lambda.InvokeMode.RESPONSE_STREAM,
    });
    this.url = `https://${Fn.select(2, Fn.split('/', url.url))}`;
  }
}
