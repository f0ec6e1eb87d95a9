import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { ResourceNames } from '../../runtime/aws-layout';
import { PlatformArns } from './platform-arns';

export interface MachineRoleProps {
  readonly names: ResourceNames;
  readonly clusterName: string;
}

/** What the ECS agent of a machine may do. Apps can't reach these credentials: the metadata service is closed to them. */
export class MachineRole extends Construct {
  public readonly instanceProfileArn: string;

  constructor(scope: Construct, id: string, { names, clusterName }: MachineRoleProps) {
    super(scope, id);
    const arns = new PlatformArns(this, names);
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      path: names.rolePath,
      inlinePolicies: {
        ecs: new iam.PolicyDocument({
          statements: [
            new iam.PolicyStatement({
              // These are actions on the cluster: they know no `ecs:cluster`.
              actions: [
                'ecs:RegisterContainerInstance',
                'ecs:DeregisterContainerInstance',
                'ecs:SubmitAttachmentStateChanges',
                'ecs:SubmitContainerStateChange',
                'ecs:SubmitTaskStateChange',
              ],
              resources: [arns.cluster(clusterName)],
            }),
            new iam.PolicyStatement({
              actions: ['ecs:Poll', 'ecs:StartTelemetrySession', 'ecs:UpdateContainerInstancesState'],
              resources: [arns.containerInstances(clusterName)],
              conditions: { ArnEquals: { 'ecs:cluster': arns.cluster(clusterName) } },
            }),
            new iam.PolicyStatement({
              actions: ['ecs:DiscoverPollEndpoint'],
              resources: [arns.all('ECS defines no resource for DiscoverPollEndpoint.')],
            }),
          ],
        }),
      },
    });
    const profile = new iam.InstanceProfile(this, 'InstanceProfile', { role, path: names.rolePath });
    this.instanceProfileArn = profile.instanceProfileArn;
  }
}
