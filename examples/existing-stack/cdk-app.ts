/** An app in a stack that has a network, a cluster, a file system, secrets and keys of its own. */
import { App, Duration, Stack, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { AppSource, MachineType, ServerlessGpuApp, ServerlessGpuPlatform } from 'cdk-serverless-gpu';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'Existing');

const key = new kms.Key(stack, 'Key', { enableKeyRotation: true });
const vpc = new ec2.Vpc(stack, 'Vpc', { natGateways: 1, flowLogs: { All: {} } });
const cluster = new ecs.Cluster(stack, 'Cluster', { vpc, containerInsightsV2: ecs.ContainerInsights.ENABLED });
const fileSystem = new efs.FileSystem(stack, 'FileSystem', {
  vpc,
  encrypted: true,
  kmsKey: key,
  allowAnonymousAccess: false,
});
const deadLetterQueue = new sqs.Queue(stack, 'DeadLetterQueue', {
  enforceSSL: true,
  retentionPeriod: Duration.days(14),
});
const token = new secretsmanager.Secret(stack, 'HuggingFaceToken', { encryptionKey: key });
Validations.of(token).acknowledge({ id: 'AwsSolutions-SMG4', reason: 'Hugging Face gives a new token by hand alone.' });

const platform = new ServerlessGpuPlatform(stack, 'Gpu', { vpc, cluster, fileSystem, encryptionKey: key });

new ServerlessGpuApp(stack, 'Ocr', {
  source: AppSource.falApp(join(__dirname, '..', 'ocr', 'app.py')),
  platform,
  machineType: MachineType.GPU_L4,
  secrets: { HF_TOKEN: ecs.Secret.fromSecretsManager(token) },
  deadLetterQueue,
});
