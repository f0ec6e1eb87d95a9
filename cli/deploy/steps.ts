/** Shows what a deployment changes, asks, and deploys. */
import type { ICloudAssemblySource, Toolkit } from '@aws-cdk/toolkit-lib';
import { deploymentProblem } from './problem';

export interface DeploymentSteps {
  /** Show what would change and nothing more. */
  readonly check: boolean;
  readonly confirm: () => Promise<boolean>;
}

export interface DeployedStacks {
  readonly stacks: readonly { readonly name: string; readonly outputs: Readonly<Record<string, string>> }[];
}

/** `undefined` when nothing was deployed: it was only checked, or the answer was no. */
export async function deployAfterDiff(
  toolkit: Toolkit,
  source: ICloudAssemblySource,
  { check, confirm }: DeploymentSteps,
): Promise<DeployedStacks | undefined> {
  try {
    await toolkit.diff(source);
    if (check || !(await confirm())) return undefined;
    const { stacks } = await toolkit.deploy(source);
    return { stacks: stacks.map(({ stackName, outputs }) => ({ name: stackName, outputs })) };
  } catch (error) {
    throw deploymentProblem(error);
  }
}
