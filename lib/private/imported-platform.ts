import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { Capacity } from '../capacity';
import type { IServerlessGpuPlatform, ServerlessGpuPlatformAttributes } from '../platform-interface';

/** A platform that another CDK app deploys. */
export class ImportedPlatform extends Construct implements IServerlessGpuPlatform {
  public readonly platformName: string;
  public readonly clusterName: string;
  public readonly subnetIds: string[];
  public readonly instanceProfileArn: string;
  public readonly fileSystemId: string;
  public readonly url: string;
  public readonly capacity: Capacity;
  public readonly connections: ec2.Connections;

  constructor(scope: Construct, id: string, attributes: ServerlessGpuPlatformAttributes) {
    super(scope, id);
    this.platformName = attributes.platformName;
    this.clusterName = attributes.clusterName;
    this.subnetIds = attributes.subnetIds;
    this.instanceProfileArn = attributes.instanceProfileArn;
    this.fileSystemId = attributes.fileSystemId;
    this.url = attributes.url;
    this.capacity = attributes.capacity ?? Capacity.onDemand();
    this.connections = new ec2.Connections({
      securityGroups: [
        ec2.SecurityGroup.fromSecurityGroupId(this, 'MachineSecurityGroup', attributes.securityGroupId, {
          allowAllOutbound: true,
        }),
      ],
    });
  }
}
