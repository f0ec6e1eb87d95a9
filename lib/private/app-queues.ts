import { RemovalPolicy } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** Where messages end that can't be made requests of, unless the app is given a queue for them. */
export function ownDeadLetterQueue(app: Construct): sqs.Queue {
  return new sqs.Queue(app, 'DeadLetterQueue', {
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    removalPolicy: RemovalPolicy.DESTROY,
  });
}

/** Work for the app, by itself or as the doorbell of a request in the table. */
export function requestQueue(app: Construct, queueName: string, deadLetterQueue: sqs.IQueue): sqs.Queue {
  return new sqs.Queue(app, 'Queue', {
    queueName,
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    // State and attempts of a request are in the table: this one only ends messages that nobody can read.
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 100 },
    removalPolicy: RemovalPolicy.DESTROY,
  });
}
