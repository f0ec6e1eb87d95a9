/** Stacks for tests of the constructs, light enough to make hundreds of them. */
import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppSource, ServerlessGpuApp, type ServerlessGpuAppProps } from '../../lib';

/** The hash of an asset needs a folder: what hasn't been built stands in with a file that says so. */
for (const folder of ['lambda/gateway', 'lambda/controller', 'lambda/lifecycle', 'agent']) {
  const path = join(__dirname, '../../assets', folder);
  if (existsSync(path)) continue;
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, folder === 'agent' ? 'Dockerfile' : 'index.mjs'), '// not built\n');
}

export const OCR = AppSource.falApp(join(__dirname, '../../examples/ocr/app.py'));

export function newApp(): App {
  return new App({ analyticsReporting: false, treeMetadata: false, builtinCloudFormationValidation: false });
}

export function newStack(id = 'Gpu', props: StackProps = {}): Stack {
  return new Stack(newApp(), id, props);
}

/** The template of a stack with one app. */
export function templateOf(props: Partial<ServerlessGpuAppProps> = {}, stack = newStack()): Template {
  new ServerlessGpuApp(stack, 'Ocr', { source: OCR, ...props });
  return Template.fromStack(stack);
}
