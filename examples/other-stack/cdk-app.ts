/** A platform in one stack, and apps in stacks of their own: of this CDK app, and of another one. */
import { App, Stack } from 'aws-cdk-lib';
import { AppSource, NetworkMode, ServerlessGpuApp, ServerlessGpuPlatform } from 'cdk-serverless-gpu';
import { join } from 'node:path';

export const app = new App();
const source = AppSource.falApp(join(__dirname, '..', 'ocr', 'app.py'));

const shared = new Stack(app, 'Shared');
const platform = new ServerlessGpuPlatform(shared, 'Gpu', {
  platformName: 'shared',
  network: NetworkMode.privateWithNat(),
});

const ocr = new Stack(app, 'OcrOfThisApp');
new ServerlessGpuApp(ocr, 'Ocr', { source, platform });

// Another team's CDK app knows the name of the platform and nothing else of it.
const other = new Stack(app, 'OcrOfAnotherApp');
new ServerlessGpuApp(other, 'Ocr', {
  source,
  name: 'other-ocr',
  platform: ServerlessGpuPlatform.fromPlatformName(other, 'Platform', 'shared'),
});
