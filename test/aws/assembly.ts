/** Synthesises a stack into a folder, as `cdk synth` would. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';

/** The folder of the cloud assembly. */
export async function synthesise(stackName: string, build: (stack: Stack) => void): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), 'assembly-'));
  const app = new App({ outdir, analyticsReporting: false, treeMetadata: false });
  build(new Stack(app, stackName));
  app.synth();
  return outdir;
}
