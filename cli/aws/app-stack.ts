/** The stack of an app that `sgpu deploy` made. */
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import { UserError } from '../../runtime/domain/user-error';
import { awsProblem, clientConfiguration, shown, type AwsAccess } from './access';

/** Says which app a stack was made for, by `sgpu deploy` and nobody else. */
export const APP_STACK_TAG = 'sgpu:deployed-app';

export function appStackName(platform: string, alias: string): string {
  return `sgpu-${platform}-app-${alias.replaceAll('_', '-')}`;
}

/** Runners have time to finish: five minutes and their grace period, and CloudFormation some more. */
const LONGEST_SECONDS = 3_600;

/** Deletes the stack with the app and waits for it. An app of another CDK project is refused: its owner is that project. */
export async function deleteAppStack(platform: string, app: string, access: AwsAccess): Promise<void> {
  const client = shown(new CloudFormationClient(clientConfiguration(access)), access);
  const StackName = appStackName(platform, app.slice(app.indexOf('/') + 1));
  if (!(await madeFor(client, StackName, app))) {
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

async function madeFor(client: CloudFormationClient, StackName: string, app: string): Promise<boolean> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return Stacks.some(({ Tags = [] }) => Tags.some(({ Key, Value }) => Key === APP_STACK_TAG && Value === app));
  } catch (error) {
    if ((error as Error).message.includes('does not exist')) return false;
    throw awsProblem(error, `to look at the stack ${StackName}`);
  }
}
