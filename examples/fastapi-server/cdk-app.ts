/** A FastAPI server that there is already, unchanged: its Dockerfile and the port that it listens on. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { AppSource, MachineType, ServerlessGpuApp } from 'cdk-serverless-gpu';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'FastApi');

new ServerlessGpuApp(stack, 'Embeddings', {
  source: AppSource.dockerfile(join(__dirname, 'server'), { port: 8000 }),
  machineType: MachineType.GPU_T4,
  // It answers several requests at a time.
  maxMultiplexing: 8,
  healthCheck: { path: '/health', startPeriod: Duration.minutes(2) },
});
