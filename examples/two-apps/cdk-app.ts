/** Two apps on one platform: they share network, gateway, keys and, where they need the same, machines. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { AppAuth, AppSource, Capacity, MachineType, ServerlessGpuApp, ServerlessGpuPlatform } from 'cdk-serverless-gpu';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'TwoApps');

const platform = new ServerlessGpuPlatform(stack, 'Gpu', { capacity: Capacity.spot() });

new ServerlessGpuApp(stack, 'Ocr', {
  source: AppSource.falApp(join(__dirname, '..', 'ocr', 'app.py')),
  platform,
});

const images = new ServerlessGpuApp(stack, 'Images', {
  source: AppSource.falApp(join(__dirname, 'app.py'), 'TextToImage'),
  platform,
  machineType: MachineType.GPU_L4,
  // When there are no machines with an L4, others are tried.
  fallbackMachineTypes: [MachineType.GPU_A10G],
  keepAlive: Duration.minutes(5),
  auth: AppAuth.SHARED,
});
images.addRecommendedAlarms();
platform.addDashboard();
