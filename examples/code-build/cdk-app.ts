/** Images are built by CodeBuild while the stack is deployed: neither the laptop nor the pipeline that deploys needs Docker. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { AppSource, ImageBuild, ServerlessGpuApp } from 'cdk-serverless-gpu';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'CodeBuild');

new ServerlessGpuApp(stack, 'Ocr', {
  source: AppSource.falApp(join(__dirname, '..', 'ocr', 'app.py')),
  imageBuild: ImageBuild.codeBuild({
    // CUDA and PyTorch have gigabytes.
    computeType: 'BUILD_GENERAL1_LARGE',
    timeout: Duration.minutes(30),
  }),
});
