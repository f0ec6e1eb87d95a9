/** The platform's table in an emulator, empty. */
import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { randomUUID } from 'node:crypto';
import { TABLE } from '../../runtime/aws-layout';
import { DynamoTable } from '../../runtime/aws/dynamo-table';

export async function createTable(client: DynamoDBClient): Promise<DynamoTable> {
  const name = `sgpu-${randomUUID()}`;
  const indexes = Object.values(TABLE.indexes);
  const text = [TABLE.partitionKey, TABLE.sortKey, ...indexes.map(({ partitionKey }) => partitionKey)];
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keys(TABLE.partitionKey, TABLE.sortKey),
      AttributeDefinitions: [
        ...text.map((attribute) => ({ AttributeName: attribute, AttributeType: 'S' as const })),
        ...indexes.map(({ sortKey, sortKeyType }) => ({ AttributeName: sortKey, AttributeType: sortKeyType })),
      ],
      GlobalSecondaryIndexes: indexes.map(({ name: index, partitionKey, sortKey, attributes }) => ({
        IndexName: index,
        KeySchema: keys(partitionKey, sortKey),
        Projection:
          attributes.length === 0
            ? { ProjectionType: 'KEYS_ONLY' as const }
            : { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: [...attributes] },
      })),
    }),
  );
  return new DynamoTable(client, name);
}

function keys(partition: string, sort: string): { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[] {
  return [
    { AttributeName: partition, KeyType: 'HASH' },
    { AttributeName: sort, KeyType: 'RANGE' },
  ];
}
