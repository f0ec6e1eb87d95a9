/** The adapters of AWS over what the template's variables name, for gateway, controller and lifecycle. */
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
import type {
  AppStore,
  BlobStore,
  Clock,
  Doorbell,
  KeyStore,
  LearningStore,
  RequestStore,
  RunnerRegistry,
  SecretStore,
} from '../runtime/ports';
import { RequestQueue } from '../runtime/queue/request-queue';
import { appQueueUrls } from './app-queues';
import { variable } from './environment';

export interface PlatformStores {
  readonly names: ResourceNames;
  readonly table: DynamoTable;
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

export interface PlatformStoresOptions {
  /** Told when a doorbell can't be rung, which fails nobody. */
  readonly onError: (error: unknown, doing: string) => void;
  /** How the queue rings, if not as the doorbell does by itself. */
  readonly ringing?: (doorbell: Doorbell) => Doorbell;
}

export function openPlatformStores({ onError, ringing = (bell) => bell }: PlatformStoresOptions): PlatformStores {
  const names = new ResourceNames(variable(VARIABLE.platform));
  const controlQueueUrl = variable(VARIABLE.controlQueueUrl);
  const clock = new SystemClock();
  const sqs = new SQSClient({});
  const ssm = new SSMClient({});
  const table = new DynamoTable(dynamoClient(), variable(VARIABLE.table));
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
    ...{ names, table, sqs, ssm, controlQueueUrl, clock, apps, requests, blobs },
    changes: new AppChanges(apps, clock),
    keys: new DynamoKeyStore(table),
    learnings: new DynamoLearningStore(table, clock),
    registry: new DynamoRunnerRegistry(table),
    secrets: new ParameterSecretStore(ssm, names),
    queue: new RequestQueue({ store: requests, doorbell: ringing(doorbell), clock }),
  };
}
