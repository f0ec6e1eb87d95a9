/** What a stack has in an account besides itself: while it rests, and after it was deleted. */
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { DeployedStack } from './deployed-stack';

/** Runners and machines that are there, in words. */
export async function whatRuns(stack: DeployedStack, region: string): Promise<readonly string[]> {
  const { taskArns = [] } = await new ECSClient({ region }).send(
    new ListTasksCommand({ cluster: stack.names.cluster }),
  );
  return [...taskArns.map((arn) => `task ${arn}`), ...(await machinesOf(stack, region))];
}

/** What a deleted stack did not take with it, in words. */
export async function whatIsLeft(stack: DeployedStack, region: string): Promise<readonly string[]> {
  const found = await Promise.all([
    keptResources(stack, region),
    machinesOf(stack, region),
    parametersOf(stack, region),
    logGroupsOf(stack, region),
  ]);
  return found.flat();
}

/** Of the groups of the platform, which are found by name as long as they are there, and by tag afterwards. */
async function machinesOf({ names }: DeployedStack, region: string): Promise<readonly string[]> {
  const { AutoScalingGroups = [] } = await new AutoScalingClient({ region }).send(
    new DescribeAutoScalingGroupsCommand({}),
  );
  const ofPlatform = (name: string | undefined): boolean => name?.startsWith(names.autoScalingGroup('')) === true;
  const desired = AutoScalingGroups.filter(
    ({ AutoScalingGroupName, DesiredCapacity = 0 }) => ofPlatform(AutoScalingGroupName) && DesiredCapacity > 0,
  ).map(
    ({ AutoScalingGroupName, DesiredCapacity }) => `group ${AutoScalingGroupName} wants ${DesiredCapacity} machines`,
  );
  const { Reservations = [] } = await new EC2Client({ region }).send(
    new DescribeInstancesCommand({
      Filters: [
        { Name: 'tag:aws:autoscaling:groupName', Values: [`${names.autoScalingGroup('')}*`] },
        { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] },
      ],
    }),
  );
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  return [...desired, ...instances.map(({ InstanceId, InstanceType }) => `machine ${InstanceId} (${InstanceType})`)];
}

async function keptResources({ arn }: DeployedStack, region: string): Promise<readonly string[]> {
  const kept: string[] = [];
  const client = new CloudFormationClient({ region });
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName: arn })) {
    for (const { ResourceType, PhysicalResourceId, ResourceStatus } of StackResourceSummaries)
      if (ResourceStatus !== 'DELETE_COMPLETE') kept.push(`${ResourceType} ${PhysicalResourceId} (${ResourceStatus})`);
  }
  return kept;
}

async function parametersOf({ names }: DeployedStack, region: string): Promise<readonly string[]> {
  const { Parameters = [] } = await new SSMClient({ region }).send(
    new GetParametersByPathCommand({ Path: names.parameterPath, Recursive: true }),
  );
  return Parameters.map(({ Name }) => `parameter ${Name}`);
}

async function logGroupsOf({ name }: DeployedStack, region: string): Promise<readonly string[]> {
  const { logGroups = [] } = await new CloudWatchLogsClient({ region }).send(
    new DescribeLogGroupsCommand({ logGroupNamePattern: name }),
  );
  return logGroups.map(({ logGroupName }) => `log group ${logGroupName}`);
}
