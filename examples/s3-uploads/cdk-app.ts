/** Every image that is uploaded to a bucket is a request of an app, by way of the app's queue. */
import { App, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AppSource, ServerlessGpuApp } from 'cdk-serverless-gpu';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'Uploads');

const uploads = new s3.Bucket(stack, 'Uploads', {
  enforceSSL: true,
  serverAccessLogsPrefix: 'access-logs/',
  removalPolicy: RemovalPolicy.RETAIN,
});
// S3 tells EventBridge of each upload.
const { node } = uploads;
(node.defaultChild as s3.CfnBucket).addPropertyOverride(
  'NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled',
  true,
);

const reader = new ServerlessGpuApp(stack, 'Reader', { source: AppSource.falApp(join(__dirname, 'app.py')) });
reader.taskDefinition.addToTaskRolePolicy(
  new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [uploads.arnForObjects('images/*')] }),
);
Validations.of(reader).acknowledge({
  id: 'AwsSolutions-IAM5[Resource::<Uploads4F6EB0FD.Arn>/images/*]',
  reason: 'Every image of the bucket is to be read.',
});

new events.Rule(stack, 'Uploaded', {
  eventPattern: {
    source: ['aws.s3'],
    detailType: ['Object Created'],
    detail: { bucket: { name: [uploads.bucketName] }, object: { key: [{ prefix: 'images/' }] } },
  },
  targets: [
    new targets.SqsQueue(reader.queue, {
      // What the app takes as its input.
      message: events.RuleTargetInput.fromObject({
        bucket: events.EventField.fromPath('$.detail.bucket.name'),
        key: events.EventField.fromPath('$.detail.object.key'),
      }),
    }),
  ],
});
