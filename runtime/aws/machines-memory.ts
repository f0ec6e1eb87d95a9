/** The fleet's notes in the platform's table, in a partition that runners can't reach. */
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  PutItemCommand,
  QueryCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { TABLE } from '../aws-layout';
import { keyOf, type FleetMemory, type FleetNote } from './machines-notes';

/** One partition, so that a pass reads all of it with one query. */
const PARTITION_KEY = 'machine#fleet';

export class TableFleetMemory implements FleetMemory {
  constructor(
    private readonly client: Pick<DynamoDBClient, 'send'>,
    private readonly table: string,
  ) {}

  async all(): Promise<readonly FleetNote[]> {
    const notes: FleetNote[] = [];
    let start: Record<string, AttributeValue> | undefined;
    do {
      const page = await this.client.send(
        new QueryCommand({
          TableName: this.table,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk',
          ExpressionAttributeNames: { '#pk': TABLE.partitionKey },
          ExpressionAttributeValues: { ':pk': { S: PARTITION_KEY } },
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      for (const item of page.Items ?? []) notes.push(JSON.parse(item.note?.S ?? '') as FleetNote);
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return notes;
  }

  async save(note: FleetNote): Promise<boolean> {
    const stored = JSON.stringify(note);
    try {
      await this.client.send(
        new PutItemCommand({
          TableName: this.table,
          Item: {
            ...this.key(note),
            version: { N: String(note.version) },
            note: { S: stored },
            ...(note.expiresAt === undefined
              ? {}
              : { [TABLE.timeToLive]: { N: String(Math.ceil(note.expiresAt / 1000)) } }),
          },
          // A write that was repeated after it had succeeded finds itself, and has succeeded.
          ConditionExpression:
            note.version === 1 ? 'attribute_not_exists(#pk) OR #note = :note' : '#version = :before OR #note = :note',
          ExpressionAttributeNames:
            note.version === 1
              ? { '#pk': TABLE.partitionKey, '#note': 'note' }
              : { '#version': 'version', '#note': 'note' },
          ExpressionAttributeValues: {
            ':note': { S: stored },
            ...(note.version === 1 ? {} : { ':before': { N: String(note.version - 1) } }),
          },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  async remove(note: Pick<FleetNote, 'kind' | 'id'>): Promise<void> {
    await this.client.send(new DeleteItemCommand({ TableName: this.table, Key: this.key(note) }));
  }

  private key(note: Pick<FleetNote, 'kind' | 'id'>): Record<string, AttributeValue> {
    return { [TABLE.partitionKey]: { S: PARTITION_KEY }, [TABLE.sortKey]: { S: keyOf(note) } };
  }
}
