/** The queue over DynamoDB, whatever interleaves and wherever its users crash. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoClient } from '../../../runtime/aws/dynamo-table';
import { DynamoRequestStore } from '../../../runtime/aws/request-store';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../../support/aws-emulator';
import { createTable } from '../../support/dynamo-table';
import { MemoryBlobStore } from '../../support/memory-blob-store';
import { checkInterleavings } from '../../support/queue-world';

let emulator: AwsEmulator;
let client: DynamoDBClient;

beforeAll(async () => {
  emulator = await startAwsEmulator();
  client = dynamoClient(clientOf(emulator));
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
});

it('the queue loses no accepted request, ends each once, and lets no lost lease complete', async () => {
  const open = async (clock: { now(): number }): Promise<DynamoRequestStore> =>
    new DynamoRequestStore({ table: await createTable(client), blobs: new MemoryBlobStore(), clock });
  await checkInterleavings(open, 25);
});
