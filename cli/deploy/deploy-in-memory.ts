/** Deploys a CDK app that no file describes. */
import type { AwsAccess } from '../aws/access';
import { inMemoryApp, type InMemoryApp } from './in-memory-app';
import { deployAfterDiff, type DeploymentSteps } from './steps';
import { toolkitFor } from './toolkit';

/** False when nothing was deployed. */
export async function deployInMemory(wanted: InMemoryApp, access: AwsAccess, steps: DeploymentSteps): Promise<boolean> {
  const toolkit = toolkitFor(access);
  const source = await toolkit.fromAssemblyBuilder(async ({ outdir, context = {} }) =>
    inMemoryApp(wanted, outdir, context).synth(),
  );
  return (await deployAfterDiff(toolkit, source, steps)) !== undefined;
}
