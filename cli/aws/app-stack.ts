/** The stack of an app that `sgpu deploy` made. */
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { ResourceNames } from '../../runtime/aws-layout';
import { UserError } from '../../runtime/domain/user-error';
import type { Template } from '../deploy/code-change';
import { awsProblem, clientConfiguration, shown, type AwsAccess } from './access';

/** Says which app a stack was made for, by `sgpu deploy` and nobody else. */
export const APP_STACK_TAG = 'sgpu:deployed-app';

export function appStackName(platform: string, alias: string): string {
  return `sgpu-${platform}-app-${alias.replaceAll('_', '-')}`;
}

/** The same of a platform. */
export const PLATFORM_STACK_TAG = 'sgpu:deployed-platform';

export function platformStackName(platform: string): string {
  return `sgpu-${platform}-platform`;
}

/**
 * Whether `sgpu deploy` may make or update the stack of a platform: it made it, or there is neither that stack nor a
 * platform of this name.
 */
export async function ownsPlatform(platform: string, access: AwsAccess): Promise<boolean> {
  const client = shown(new CloudFormationClient(clientConfiguration(access)), access);
  if (await madeFor(client, platformStackName(platform), PLATFORM_STACK_TAG, platform)) return true;
  const ssm = shown(new SSMClient(clientConfiguration(access)), access);
  try {
    const Names = [new ResourceNames(platform).attributesParameter];
    return (await ssm.send(new GetParametersCommand({ Names }))).Parameters?.length === 0;
  } catch (error) {
    throw awsProblem(error, `to look for the platform ${platform}`);
  }
}

/** What CloudFormation deployed last; `undefined` where there is no stack, or its last deployment did not succeed. */
export async function deployedTemplate(StackName: string, access: AwsAccess): Promise<Template | undefined> {
  const client = shown(new CloudFormationClient(clientConfiguration(access)), access);
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    if (!/^(CREATE|UPDATE)_COMPLETE$/.test(Stacks[0]?.StackStatus ?? '')) return undefined;
    const { TemplateBody } = await client.send(new GetTemplateCommand({ StackName, TemplateStage: 'Original' }));
    return parsed(TemplateBody);
  } catch (error) {
    if ((error as Error).message.includes('does not exist')) return undefined;
    throw awsProblem(error, `to look at the stack ${StackName}`);
  }
}

/** The CDK writes JSON; what is none was not deployed by it. */
function parsed(template: string | undefined): Template | undefined {
  try {
    return template === undefined ? undefined : (JSON.parse(template) as Template);
  } catch {
    return undefined;
  }
}

/** Runners have time to finish: five minutes and their grace period, and CloudFormation some more. */
const LONGEST_SECONDS = 3_600;

/** Deletes the stack with the app and waits for it. An app of another CDK project is refused: its owner is that project. */
export async function deleteAppStack(platform: string, app: string, access: AwsAccess): Promise<void> {
  const client = shown(new CloudFormationClient(clientConfiguration(access)), access);
  const StackName = appStackName(platform, app.slice(app.indexOf('/') + 1));
  if (!(await madeFor(client, StackName, APP_STACK_TAG, app))) {
    throw new UserError(
      `${app} was not deployed by \`sgpu deploy\`: remove it from the CDK project that has it, and deploy that`,
    );
  }
  try {
    await client.send(new DeleteStackCommand({ StackName }));
    await waitUntilStackDeleteComplete({ client, maxWaitTime: LONGEST_SECONDS }, { StackName });
  } catch (error) {
    throw awsProblem(error, `to delete the stack ${StackName}`);
  }
}

async function madeFor(client: CloudFormationClient, StackName: string, tag: string, value: string): Promise<boolean> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return Stacks.some(({ Tags = [] }) => Tags.some(({ Key, Value }) => Key === tag && Value === value));
  } catch (error) {
    if ((error as Error).message.includes('does not exist')) return false;
    throw awsProblem(error, `to look at the stack ${StackName}`);
  }
}
