/** vLLM's server with OpenAI's API, from its public image. Its configuration is in environment variables. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { AppSource, Capacity, MachineType, ServerlessGpuApp, Volume } from 'cdk-serverless-gpu';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'Vllm');

new ServerlessGpuApp(stack, 'Chat', {
  // vLLM takes its model as an argument: the Dockerfile beside this file sets it.
  source: AppSource.dockerfile(join(__dirname, 'server'), { port: 8000, buildArgs: { MODEL: 'Qwen/Qwen3-8B' } }),
  machineType: MachineType.GPU_L40S,
  capacity: Capacity.onDemand({ machineKeepAlive: Duration.minutes(10) }),
  // vLLM batches what it is given.
  maxMultiplexing: 64,
  keepAlive: Duration.minutes(5),
  startupTimeout: Duration.minutes(20),
  environment: { HF_HOME: '/models' },
  volumes: { '/models': Volume.efs('models') },
  healthCheck: { path: '/health', startPeriod: Duration.minutes(15) },
});

// A server that is an image already needs no Dockerfile.
new ServerlessGpuApp(stack, 'Embeddings', {
  source: AppSource.image(ecs.ContainerImage.fromRegistry('ghcr.io/huggingface/text-embeddings-inference:turing-1.8'), {
    port: 80,
  }),
  machineType: MachineType.GPU_T4,
  maxMultiplexing: 32,
  environment: { MODEL_ID: 'BAAI/bge-small-en-v1.5', HUGGINGFACE_HUB_CACHE: '/data' },
});
