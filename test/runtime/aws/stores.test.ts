/** The stores keep the contracts on moto. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoAppStore } from '../../../runtime/aws/app-store';
import { SystemClock } from '../../../runtime/aws/clock';
import { dynamoClient, type DynamoTable } from '../../../runtime/aws/dynamo-table';
import { DynamoKeyStore } from '../../../runtime/aws/key-store';
import { DynamoLearningStore } from '../../../runtime/aws/learning-store';
import { DynamoRequestStore } from '../../../runtime/aws/request-store';
import { DynamoRunnerRegistry } from '../../../runtime/aws/runner-registry';
import { describeAppStore } from '../../contract/app-store';
import { describeKeyStore } from '../../contract/key-store';
import { describeLearningStore } from '../../contract/learning-store';
import { describeRequestStore } from '../../contract/request-store';
import { describeRunnerRegistry } from '../../contract/runner-registry';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../../support/aws-emulator';
import { createTable } from '../../support/dynamo-table';
import { MemoryBlobStore } from '../../support/memory-blob-store';

let emulator: AwsEmulator;
let client: DynamoDBClient;
let table: DynamoTable;

beforeAll(async () => {
  emulator = await startAwsEmulator();
  client = dynamoClient(clientOf(emulator));
  table = await createTable(client);
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
});

const clock = new SystemClock();
const close = (): Promise<void> => Promise.resolve();

describeRequestStore('DynamoRequestStore', async () => ({
  store: new DynamoRequestStore({ table, blobs: new MemoryBlobStore(), clock }),
  clock,
  forgets: true,
  close,
}));
describeRunnerRegistry('DynamoRunnerRegistry', async () => ({ runners: new DynamoRunnerRegistry(table), close }));
describeAppStore('DynamoAppStore', async () => ({ apps: new DynamoAppStore(table, clock), close }));
describeKeyStore('DynamoKeyStore', async () => ({ keys: new DynamoKeyStore(table), close }));
describeLearningStore('DynamoLearningStore', async () => ({ learnings: new DynamoLearningStore(table, clock), close }));
