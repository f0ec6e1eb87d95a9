import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';

/** Lambda's poller wants a queue whose messages stay hidden at least as long as the function may run. */
const HIDDEN = Duration.minutes(5);

/** What wakes the controller between its ticks. */
export class ControlQueue extends sqs.Queue {
  constructor(scope: Construct, id: string, queueName: string) {
    super(scope, id, {
      queueName,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: HIDDEN,
      // A poke that nobody took for minutes is made good by the next tick.
      retentionPeriod: HIDDEN,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(this, 'SQS3', 'Its messages only wake the controller: the next tick makes a lost one good.');
  }
}
