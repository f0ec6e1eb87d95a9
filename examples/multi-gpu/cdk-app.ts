/** One runner on four GPUs: a model that is too large for one. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { AppSource, Capacity, MachineType, ServerlessGpuApp } from 'cdk-serverless-gpu';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'MultiGpu');

new ServerlessGpuApp(stack, 'LargeModel', {
  source: AppSource.falApp(join(__dirname, 'app.py')),
  machineType: MachineType.GPU_L40S,
  numGpus: 4,
  maxConcurrency: 2,
  startupTimeout: Duration.minutes(30),
  capacity: Capacity.onDemand({ dedicated: true, machineKeepAlive: Duration.minutes(15) }),
});
