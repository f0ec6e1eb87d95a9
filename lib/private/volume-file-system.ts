import { RemovalPolicy } from 'aws-cdk-lib';
import type { ISubnet, IVpc } from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { onePerZone } from './subnets';

export interface VolumeFileSystemProps {
  readonly vpc: IVpc;
  readonly subnets: ISubnet[];
  readonly encryptionKey: IKey | undefined;
  readonly removalPolicy: RemovalPolicy | undefined;
}

/** The file system of a platform that is given none. It lets in who comes with IAM and TLS. */
export class VolumeFileSystem extends efs.FileSystem {
  constructor(scope: Construct, id: string, { vpc, subnets, encryptionKey, removalPolicy }: VolumeFileSystemProps) {
    super(scope, id, {
      vpc,
      // A file system has one mount target in a zone.
      vpcSubnets: { subnets: onePerZone(subnets) },
      encrypted: true,
      ...(encryptionKey === undefined ? {} : { kmsKey: encryptionKey }),
      throughputMode: efs.ThroughputMode.ELASTIC,
      lifecyclePolicy: efs.LifecyclePolicy.AFTER_30_DAYS,
      outOfInfrequentAccessPolicy: efs.OutOfInfrequentAccessPolicy.AFTER_1_ACCESS,
      allowAnonymousAccess: false,
      removalPolicy: removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }
}
