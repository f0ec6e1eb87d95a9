import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { ResourceNames } from '../../runtime/aws-layout';
import { acknowledge } from './acknowledgements';
import { bucketName } from './platform-arns';

/** Inputs and results of requests, and uploaded files. */
export class PlatformBucket extends s3.Bucket {
  constructor(scope: Construct, id: string, names: ResourceNames, encryptionKey: IKey | undefined) {
    super(scope, id, {
      bucketName: bucketName(scope, names),
      ...(encryptionKey === undefined
        ? { encryption: s3.BucketEncryption.S3_MANAGED }
        : { encryption: s3.BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      // The teardown empties it.
      removalPolicy: RemovalPolicy.DESTROY,
      cors: [
        {
          allowedMethods: [s3.HttpMethods.GET, s3.HttpMethods.PUT, s3.HttpMethods.HEAD],
          allowedOrigins: ['*'],
          allowedHeaders: ['*'],
          exposedHeaders: ['ETag'],
          maxAge: 3600,
        },
      ],
    });
    acknowledge(
      this,
      'S1',
      'Callers reach it by URLs that the gateway signs; data events of CloudTrail log each access for who needs it.',
    );
  }
}
