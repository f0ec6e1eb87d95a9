/** Stacks for tests of the constructs, light enough to make hundreds of them. They need what `npm run build` makes. */
import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { join } from 'node:path';
import { AppSource, ServerlessGpuApp, type ServerlessGpuAppProps } from '../../lib';

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
