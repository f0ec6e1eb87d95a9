import { App, Stack } from 'aws-cdk-lib';
import { AppSource, ServerlessGpuApp } from '../lib';

const app = new App();
const stack = new Stack(app, 'ServerlessGpu', { description: 'Reads the text in images: examples/ocr' });

new ServerlessGpuApp(stack, 'Ocr', { source: AppSource.falApp('examples/ocr/app.py') });
