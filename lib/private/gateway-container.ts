import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import { GATEWAY_CONTAINER, VARIABLE } from '../../runtime/aws-layout';
import type { GatewayContainerOptions } from '../gateway';
import { assetPath } from './assets';
import { gatewayStatements } from './gateway-statements';
import { PlatformArns } from './platform-arns';
import type { PlatformFunctionSurroundings } from './platform-function';
import { refuse } from './refusal';
import { onePerZone } from './subnets';

export interface GatewayContainerProps extends GatewayContainerOptions, PlatformFunctionSurroundings {
  readonly vpc: ec2.IVpc;
  readonly cluster: ecs.ICluster;
  /** Subnets with a way to AWS. */
  readonly subnets: ec2.SubnetSelection;
  /** Of runners, which come for the callers of WebSockets. */
  readonly machines: ec2.IConnectable;
}

/**
 * The gateway on Fargate, behind a load balancer that ends TLS.
 *
 * A WebSocket is connected with one of its tasks, and the runner that serves it comes to that very task, by its private
 * address: past the load balancer, which would choose any. Both are in one VPC, so this needs no way to the internet and is
 * the same in all network modes. The port is open to machines of runners alone.
 */
export class GatewayContainer extends Construct {
  constructor(scope: Construct, id: string, props: GatewayContainerProps) {
    super(scope, id);
    const { vpc, certificate, domainName, hostedZone, internal = false } = props;
    if (!internal && vpc.publicSubnets.length < 2) {
      refuse(
        this,
        '`gateway`: a load balancer needs public subnets in two zones: give a `vpc` that has them, or set `internal: true`',
      );
    }
    const balancer = new elbv2.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing: !internal,
      vpcSubnets: {
        subnets: onePerZone(internal ? vpc.selectSubnets(props.subnets).subnets : vpc.publicSubnets),
      },
      // The longest there is: a stream may be silent for long. WebSockets are not: the gateway pings their callers.
      idleTimeout: Duration.seconds(4000),
      dropInvalidHeaderFields: true,
    });
    const listener = balancer.addListener('Https', {
      port: 443,
      certificates: [certificate],
      sslPolicy: elbv2.SslPolicy.RECOMMENDED_TLS,
    });
    const service = this.service(props);
    service.connections.allowFrom(props.machines, ec2.Port.tcp(GATEWAY_CONTAINER.relayPort), 'Runners, for WebSockets');
    listener.addTargets('Gateway', {
      port: GATEWAY_CONTAINER.port,
      protocol: elbv2.ApplicationProtocol.HTTP,
      targets: [service],
      healthCheck: { path: GATEWAY_CONTAINER.healthPath },
      deregistrationDelay: Duration.seconds(GATEWAY_CONTAINER.stopTimeoutSeconds),
    });
    if (hostedZone === undefined) return;
    new route53.ARecord(this, 'Record', {
      zone: hostedZone,
      recordName: domainName,
      target: route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(balancer)),
    });
  }

  private service(props: GatewayContainerProps): ecs.FargateService {
    return new ecs.FargateService(this, 'Service', {
      cluster: props.cluster,
      taskDefinition: this.taskDefinition(props),
      desiredCount: props.desiredCount ?? 1,
      vpcSubnets: props.subnets,
      assignPublicIp: props.vpc.selectSubnets(props.subnets).hasPublic,
      minHealthyPercent: 100,
      circuitBreaker: { rollback: true },
    });
  }

  private taskDefinition({ names, logGroup, ...props }: GatewayContainerProps): ecs.FargateTaskDefinition {
    const taskDefinition = new ecs.FargateTaskDefinition(this, 'TaskDefinition', {
      cpu: 512,
      memoryLimitMiB: 1024,
      taskRole: new iam.Role(this, 'Role', {
        assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
        path: names.rolePath,
        inlinePolicies: {
          gateway: new iam.PolicyDocument({ statements: gatewayStatements(new PlatformArns(this, names)) }),
        },
      }),
    });
    taskDefinition.addContainer('gateway', {
      image: ecs.ContainerImage.fromAsset(assetPath(GATEWAY_CONTAINER.image), { platform: Platform.LINUX_AMD64 }),
      portMappings: [{ containerPort: GATEWAY_CONTAINER.port }, { containerPort: GATEWAY_CONTAINER.relayPort }],
      stopTimeout: Duration.seconds(GATEWAY_CONTAINER.stopTimeoutSeconds),
      environment: {
        [VARIABLE.platform]: names.platform,
        [VARIABLE.table]: names.table,
        [VARIABLE.bucket]: props.bucketName,
        [VARIABLE.cluster]: props.clusterName,
        [VARIABLE.controlQueueUrl]: props.controlQueueUrl,
      },
      logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: 'gateway' }),
    });
    return taskDefinition;
  }
}
