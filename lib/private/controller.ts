import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { HANDLER } from '../../runtime/aws-layout';
import { allow, TABLE_ACTIONS } from './policy-statements';
import { PlatformArns } from './platform-arns';
import { PlatformFunction, type PlatformFunctionSurroundings } from './platform-function';

export interface ControllerProps extends PlatformFunctionSurroundings {
  readonly controlQueue: IQueue;
}

/** The function that starts and ends runners and machines: once a minute, when poked, and when AWS reports a change. */
export class Controller extends Construct {
  public readonly platformFunction: PlatformFunction;

  constructor(scope: Construct, id: string, props: ControllerProps) {
    super(scope, id);
    const arns = new PlatformArns(this, props.names);
    this.platformFunction = new PlatformFunction(this, 'Function', {
      ...props,
      handler: HANDLER.controller,
      description: `Starts and ends runners and machines of ${props.names.platform}`,
      memorySize: 512,
      timeout: Duration.minutes(1),
      statements: controllerStatements(arns, props.clusterName),
    });
    const handler = this.platformFunction.function;
    handler.addEventSource(new SqsEventSource(props.controlQueue, { batchSize: 10, maxConcurrency: 2 }));
    // One rule for both: it fires by schedule and by pattern.
    new events.Rule(this, 'WakeUp', {
      description: `Every minute, and when AWS reports a change that concerns ${props.names.platform}`,
      schedule: events.Schedule.rate(Duration.minutes(1)),
      eventPattern: {
        source: ['aws.ecs', 'aws.ec2', 'aws.ssm'],
        detailType: [
          'ECS Task State Change',
          'EC2 Spot Instance Interruption Warning',
          'EC2 Instance Rebalance Recommendation',
          'Parameter Store Change',
        ],
        detail: {
          $or: [
            { clusterArn: [arns.cluster(props.clusterName)] },
            // EC2 doesn't say which cluster an event is about.
            { 'instance-id': [{ exists: true }] },
            { name: [{ prefix: props.names.appParameter('') }, { prefix: props.names.poolParameter('') }] },
          ],
        },
      },
      targets: [new targets.LambdaFunction(handler, { retryAttempts: 2 })],
    });
  }
}

function controllerStatements(arns: PlatformArns, clusterName: string): readonly iam.PolicyStatement[] {
  const cluster = arns.cluster(clusterName);
  const inCluster = { ArnEquals: { 'ecs:cluster': cluster } };
  return [
    allow(TABLE_ACTIONS, [arns.table, arns.tableIndexes]),
    allow(['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], [arns.objects]),
    allow(['s3:ListBucket'], [arns.bucket]),
    allow(['ssm:GetParametersByPath', 'ssm:GetParameter'], [arns.parameters, arns.parametersRoot]),
    allow(['ssm:PutParameter'], [arns.internalSecrets]),
    allow(['sqs:SendMessage'], [arns.controlQueue, arns.appQueues]),
    allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      [arns.controlQueue],
    ),
    allow(['ecs:RunTask'], [arns.taskDefinitions], inCluster),
    allow(['ecs:TagResource'], [arns.tasks(clusterName)], { StringEquals: { 'ecs:CreateAction': 'RunTask' } }),
    allow(['ecs:StopTask', 'ecs:DescribeTasks'], [arns.tasks(clusterName)]),
    allow(
      ['ecs:ListTasks'],
      [arns.all('ListTasks without a machine has no resource; the condition names the cluster.')],
      inCluster,
    ),
    allow(['ecs:ListContainerInstances'], [cluster]),
    allow(
      ['ecs:DescribeContainerInstances', 'ecs:UpdateContainerInstancesState'],
      [arns.containerInstances(clusterName), cluster],
    ),
    allow(['iam:PassRole'], [arns.roles], {
      StringEquals: { 'iam:PassedToService': ['ecs-tasks.amazonaws.com', 'ec2.amazonaws.com'] },
    }),
    allow(
      [
        'autoscaling:LaunchInstances',
        'autoscaling:SetDesiredCapacity',
        'autoscaling:SuspendProcesses',
        'autoscaling:TerminateInstanceInAutoScalingGroup',
      ],
      [arns.autoScalingGroups],
    ),
    // Auto Scaling demands this, and the description of launch templates, of who calls LaunchInstances.
    allow(['ec2:CreateFleet'], arns.launched),
    allow(
      [
        'autoscaling:DescribeAutoScalingGroups',
        'autoscaling:DescribeScalingActivities',
        'ec2:DescribeLaunchTemplateVersions',
      ],
      [arns.all('Auto Scaling and EC2 define no resource for what only describes.')],
    ),
  ];
}
