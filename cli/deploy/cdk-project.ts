/** Deploys the CDK project of the working directory. */
import { readFileSync } from 'node:fs';
import { UserError } from '../../runtime/domain/user-error';
import type { AwsAccess } from '../aws/access';
import { deployAfterDiff, type DeployedStacks, type DeploymentSteps } from './steps';
import { toolkitFor } from './toolkit';

/** All its stacks, with the command of its `cdk.json`, as `cdk deploy --all` does it. */
export async function deployCdkProject(access: AwsAccess, steps: DeploymentSteps): Promise<DeployedStacks | undefined> {
  const toolkit = toolkitFor(access);
  return deployAfterDiff(toolkit, await toolkit.fromCdkApp(appCommand()), steps);
}

function appCommand(): string {
  const { app, build } = cdkJson();
  if (typeof app !== 'string' || app === '') {
    throw new UserError('cdk.json names no app: write "app", the command that runs it, such as "node app.js"');
  }
  return typeof build === 'string' && build !== '' ? `${build} && ${app}` : app;
}

function cdkJson(): { readonly app?: unknown; readonly build?: unknown } {
  try {
    return JSON.parse(readFileSync('cdk.json', 'utf8')) as object;
  } catch (error) {
    throw new UserError(`cdk.json is not valid JSON: ${(error as Error).message}`);
  }
}
