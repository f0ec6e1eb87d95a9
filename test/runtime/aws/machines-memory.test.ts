import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { TableFleetMemory } from '../../../runtime/aws/machines-memory';
import { describeFleetMemory } from '../../contract/fleet-memory';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../../support/aws-emulator';
import { MemoryFleetMemory } from '../../support/memory-fleet-memory';

let emulator: AwsEmulator;
let client: DynamoDBClient;
let tables = 0;

beforeAll(async () => {
  emulator = await startAwsEmulator();
  client = new DynamoDBClient(clientOf(emulator));
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
});

describeFleetMemory('TableFleetMemory', async () => ({
  memory: new TableFleetMemory(client, await newTable()),
  close: () => Promise.resolve(),
}));

describeFleetMemory('MemoryFleetMemory', () =>
  Promise.resolve({ memory: new MemoryFleetMemory(), close: () => Promise.resolve() }),
);

test('a write that is repeated after it succeeded has succeeded', async () => {
  const memory = new TableFleetMemory(client, await newTable());
  const note = { kind: 'pool', id: 'gpu', version: 1 } as const;
  expect(await memory.save(note)).toBe(true);
  expect(await memory.save(note)).toBe(true);
  expect(await memory.save({ ...note, askedAt: 1 })).toBe(false);
});

async function newTable(): Promise<string> {
  const TableName = `table-${++tables}`;
  await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  return TableName;
}
