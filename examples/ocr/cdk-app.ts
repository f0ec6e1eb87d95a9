/** A fal app, deployed as it is. */
import { App, Stack } from 'aws-cdk-lib';
import { AppSource, ServerlessGpuApp } from 'cdk-serverless-gpu';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'Ocr');

new ServerlessGpuApp(stack, 'Ocr', { source: AppSource.falApp(join(__dirname, 'app.py')) });
