import { Lazy, Tags, Token, Tokenization } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { type ResourceNames, TAG } from '../../runtime/aws-layout';
import type { PoolDeployment } from '../../runtime/domain/deployment';
import type { InstanceType } from '../../runtime/domain/machine-catalog';
import type { CapacityOptions } from '../capacity';
import { acknowledge } from './acknowledgements';
import { deploymentParameter } from './deployment-parameter';
import { Teardown } from './lifecycle';
import { registeredRoom, runnersPerMachine, type Room } from './machine-room';
import { machineUserData } from './machine-user-data';
import { refuse } from './refusal';

/** Where the machines of a platform are. */
export interface MachineSurroundings {
  readonly names: ResourceNames;
  readonly subnetIds: readonly string[];
  readonly securityGroups: readonly ec2.ISecurityGroup[];
  readonly instanceProfileArn: string;
  readonly clusterName: string;
  readonly lifecycleArn: string;
}

export interface MachinePoolProps extends MachineSurroundings {
  readonly pool: string;
  readonly instance: InstanceType;
  readonly market: PoolDeployment['market'];
  readonly reservationId?: string;
  readonly options: CapacityOptions;
  readonly dedicatedTo?: string;
}

/**
 * Machines of one instance type, bought in one way. The controller launches and ends them: the template never says how
 * many there are.
 */
export class MachinePool extends Construct {
  /** Deleted before anything of the pool is. */
  public readonly teardown: Teardown;

  /** Its name. */
  public readonly pool: string;

  /** The one that was given instead of the newest. */
  public readonly machineImage: ec2.IMachineImage | undefined;

  /** Whether its machines have fast disks of their own. */
  public readonly hasInstanceStore: boolean;

  private machinesWanted = 0;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: MachinePoolProps,
  ) {
    super(scope, id);
    const { names, pool } = props;
    this.pool = pool;
    this.machineImage = props.options.machineImage;
    this.hasInstanceStore = props.instance.instanceStoreGb > 0;
    const template = this.launchTemplate();
    const group = new autoscaling.CfnAutoScalingGroup(this, 'AutoScalingGroup', {
      autoScalingGroupName: names.autoScalingGroup(pool),
      minSize: '0',
      maxSize: Lazy.string({ produce: () => Tokenization.stringifyNumber(this.maxMachines) }),
      newInstancesProtectedFromScaleIn: true,
      vpcZoneIdentifier: [...props.subnetIds],
      launchTemplate: { launchTemplateId: template.launchTemplateId, version: template.latestVersionNumber },
    });
    acknowledge(group, 'AS3', 'The controller launches and ends each machine, and logs why.');
    Tags.of(group).add(TAG.platform, names.platform);
    Tags.of(group).add(TAG.pool, pool);
    const parameter = deploymentParameter(this, 'Parameter', names.poolParameter(pool), this.deployment());
    this.teardown = new Teardown(this, 'Teardown', props.lifecycleArn, {
      kind: 'pool',
      platform: names.platform,
      pool,
    });
    this.teardown.node.addDependency(group, template, parameter);
    if (this.isWarm) this.warmPool(group);
  }

  /** Makes room for the runners of one more app. */
  public addRunners(maxConcurrency: number, runner: Room): void {
    if (Token.isUnresolved(maxConcurrency)) {
      if (this.props.options.maxMachines !== undefined) return;
      refuse(this, '`maxConcurrency` is known at deployment alone: set `maxMachines` of the `capacity`');
    }
    this.machinesWanted += Math.ceil(maxConcurrency / runnersPerMachine(registeredRoom(this.props.instance), runner));
  }

  private get maxMachines(): number {
    return this.props.options.maxMachines ?? Math.max(1, this.machinesWanted);
  }

  private deployment(): PoolDeployment {
    const { names, pool, instance, market, options, dedicatedTo } = this.props;
    return {
      pool,
      instanceType: instance.name,
      market,
      autoScalingGroup: names.autoScalingGroup(pool),
      ...registeredRoom(instance),
      keepAlive: options.machineKeepAlive?.toSeconds() ?? 60,
      maxMachines: Lazy.number({ produce: () => this.maxMachines }),
      ...(dedicatedTo === undefined ? {} : { dedicatedTo }),
      ...(this.isWarm ? { warmPool: true } : {}),
    };
  }

  private get isWarm(): boolean {
    return (this.props.options.stoppedMachines ?? 0) !== 0;
  }

  /** ECS can't take machines back into it: what has run ends. */
  private warmPool(group: autoscaling.CfnAutoScalingGroup): void {
    const pool = new autoscaling.CfnWarmPool(this, 'WarmPool', {
      autoScalingGroupName: group.ref,
      poolState: 'Stopped',
      ...(this.props.options.stoppedMachines === undefined ? {} : { minSize: this.props.options.stoppedMachines }),
      instanceReusePolicy: { reuseOnScaleIn: false },
    });
    this.teardown.node.addDependency(pool);
  }

  private launchTemplate(): ec2.LaunchTemplate {
    const { instance, market, reservationId, options, securityGroups, instanceProfileArn, clusterName } = this.props;
    const instanceStore = this.hasInstanceStore;
    const template = new ec2.LaunchTemplate(this, 'LaunchTemplate', {
      instanceType: new ec2.InstanceType(instance.name),
      machineImage: options.machineImage ?? newestImage(instance),
      ...(securityGroups[0] === undefined ? {} : { securityGroup: securityGroups[0] }),
      userData: machineUserData({
        cluster: clusterName,
        instanceStore,
        spot: market === 'spot',
        warmPool: this.isWarm,
      }),
      requireImdsv2: true,
      // A container is one hop further away than the machine: it gets no answer.
      httpPutResponseHopLimit: 1,
      httpTokens: ec2.LaunchTemplateHttpTokens.REQUIRED,
      ebsOptimized: true,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: ec2.BlockDeviceVolume.ebs(options.rootVolumeSize?.toGibibytes() ?? (instanceStore ? 50 : 100), {
            volumeType: ec2.EbsDeviceVolumeType.GP3,
            encrypted: true,
          }),
        },
      ],
      ...(market === 'spot' ? { spotOptions: { requestType: ec2.SpotRequestType.ONE_TIME } } : {}),
    });
    const resource = template.node.defaultChild as ec2.CfnLaunchTemplate;
    resource.addPropertyOverride('LaunchTemplateData.IamInstanceProfile', { Arn: instanceProfileArn });
    if (reservationId !== undefined) reserve(resource, market, reservationId);
    return template;
  }
}

function reserve(template: ec2.CfnLaunchTemplate, market: PoolDeployment['market'], reservationId: string): void {
  template.addPropertyOverride('LaunchTemplateData.CapacityReservationSpecification', {
    CapacityReservationTarget: { CapacityReservationId: reservationId },
  });
  if (market === 'capacity-block') {
    template.addPropertyOverride('LaunchTemplateData.InstanceMarketOptions', { MarketType: 'capacity-block' });
  }
}

/** Looked up by EC2 at every launch. */
function newestImage(instance: InstanceType): ec2.IMachineImage {
  const variant = instance.gpus > 0 ? 'amazon-linux-2023/gpu' : 'amazon-linux-2023';
  return ec2.MachineImage.resolveSsmParameterAtLaunch(`/aws/service/ecs/optimized-ami/${variant}/recommended/image_id`);
}
