/** The adapters of AWS over what the template's variables name, for controller and lifecycle. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { AppChanges } from '../runtime/apps/app-changes';
import { DynamoAppStore } from '../runtime/aws/app-store';
import { blobClient, S3BlobStore } from '../runtime/aws/blob-store';
import { SystemClock } from '../runtime/aws/clock';
import { SqsDoorbell } from '../runtime/aws/doorbell';
import { dynamoClient, DynamoTable } from '../runtime/aws/dynamo-table';
import { ParameterSecretStore } from '../runtime/aws/parameter-secret-store';
import { DynamoKeyStore } from '../runtime/aws/key-store';
import { DynamoLearningStore } from '../runtime/aws/learning-store';
import { DynamoRequestStore } from '../runtime/aws/request-store';
import { DynamoRunnerRegistry } from '../runtime/aws/runner-registry';
import { ResourceNames, VARIABLE } from '../runtime/aws-layout';
import type { AppStore, BlobStore, Clock, KeyStore, LearningStore, RequestStore, RunnerRegistry, SecretStore } from '../runtime/ports';
import { RequestQueue } from '../runtime/queue/request-queue';
import { appQueueUrls } from './app-queues';
import { variable } from './environment';

export interface PlatformStores {
  readonly names: ResourceNames;
  readonly dynamo: DynamoDBClient;
  /** The name of the table. */
  readonly table: string;
  readonly sqs: SQSClient;
  readonly ssm: SSMClient;
  readonly controlQueueUrl: string;
  readonly clock: Clock;
  readonly apps: AppStore;
  readonly changes: AppChanges;
  readonly requests: RequestStore;
  readonly registry: RunnerRegistry;
  readonly blobs: BlobStore;
  readonly keys: KeyStore;
  readonly learnings: LearningStore;
  /** The platform's own. */
  readonly secrets: SecretStore;
  readonly queue: RequestQueue;
}

export function openPlatformStores(onError: (error: unknown, doing: string) => void): PlatformStores {
  const names = new ResourceNames(variable(VARIABLE.platform));
  const controlQueueUrl = variable(VARIABLE.controlQueueUrl);
  const clock = new SystemClock();
  const dynamo = dynamoClient();
  const sqs = new SQSClient({});
  const ssm = new SSMClient({});
  const table = new DynamoTable(dynamo, variable(VARIABLE.table));
  const blobs = new S3BlobStore(blobClient(), variable(VARIABLE.bucket));
  const apps = new DynamoAppStore(table, clock);
  const requests = new DynamoRequestStore({ table, blobs, clock });
  const log = {
    error: (message: string, error?: unknown): void => {
      onError(error, message);
    },
  };
  const doorbell = new SqsDoorbell({ client: sqs, queueUrl: appQueueUrls(controlQueueUrl, names), log });
  return {
    ...{ names, dynamo, sqs, ssm, controlQueueUrl, clock, apps, requests, blobs },
    table: variable(VARIABLE.table),
    changes: new AppChanges(apps, clock),
    keys: new DynamoKeyStore(table),
    learnings: new DynamoLearningStore(table, clock),
    registry: new DynamoRunnerRegistry(table),
    secrets: new ParameterSecretStore(ssm, names),
    queue: new RequestQueue({ store: requests, doorbell, clock }),
  };
}
