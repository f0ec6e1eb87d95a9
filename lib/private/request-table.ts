import type { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { TABLE } from '../../runtime/aws-layout';
import { acknowledge } from './acknowledgements';

const KEY_TYPES = { S: dynamodb.AttributeType.STRING, N: dynamodb.AttributeType.NUMBER };

export interface RequestTableProps {
  readonly tableName: string;
  readonly encryptionKey?: IKey;
  readonly removalPolicy: RemovalPolicy;
}

/** Requests, runners and records of the apps; its sparse indexes are the queues. */
export class RequestTable extends dynamodb.Table {
  constructor(scope: Construct, id: string, { tableName, encryptionKey, removalPolicy }: RequestTableProps) {
    super(scope, id, {
      tableName,
      partitionKey: { name: TABLE.partitionKey, type: dynamodb.AttributeType.STRING },
      sortKey: { name: TABLE.sortKey, type: dynamodb.AttributeType.STRING },
      timeToLiveAttribute: TABLE.timeToLive,
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      ...(encryptionKey === undefined ? {} : { encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
      removalPolicy,
    });
    acknowledge(this, 'DDB3', 'Requests and runners live for hours or days; nobody wants those of last week back.');
    for (const { name, partitionKey, sortKey, sortKeyType, attributes } of Object.values(TABLE.indexes)) {
      this.addGlobalSecondaryIndex({
        indexName: name,
        partitionKey: { name: partitionKey, type: dynamodb.AttributeType.STRING },
        sortKey: { name: sortKey, type: KEY_TYPES[sortKeyType] },
        ...(attributes.length === 0
          ? { projectionType: dynamodb.ProjectionType.KEYS_ONLY }
          : { projectionType: dynamodb.ProjectionType.INCLUDE, nonKeyAttributes: [...attributes] }),
      });
    }
  }
}
