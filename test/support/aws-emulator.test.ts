import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { clientOf, startAwsEmulator } from './aws-emulator';

describe('the AWS emulator', () => {
  it('is an empty account that answers the SDK and ends when it is stopped', async () => {
    const emulator = await startAwsEmulator();
    const dynamo = new DynamoDBClient({ ...clientOf(emulator), maxAttempts: 1 });
    expect((await dynamo.send(new ListTablesCommand({}))).TableNames).toEqual([]);
    await emulator.stop();
    await expect(dynamo.send(new ListTablesCommand({}))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
