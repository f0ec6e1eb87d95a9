/** CDK Pipelines: what is merged is deployed to a test platform first, then to production. */
import { App, Stack, Stage, type StageProps } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import { PipelineType } from 'aws-cdk-lib/aws-codepipeline';
import { CodeBuildStep, CodePipeline, CodePipelineSource, ManualApprovalStep } from 'aws-cdk-lib/pipelines';
import { AppSource, ServerlessGpuApp } from 'cdk-serverless-gpu';
import type { Construct } from 'constructs';
import { join } from 'node:path';

const CONNECTION = 'arn:aws:codeconnections:us-east-1:111111111111:connection/00000000-0000-0000-0000-000000000000';

/** All that is deployed together. */
class OcrStage extends Stage {
  constructor(scope: Construct, id: string, props?: StageProps) {
    super(scope, id, props);
    const stack = new Stack(this, 'Ocr');
    new ServerlessGpuApp(stack, 'Ocr', {
      source: AppSource.falApp(join(__dirname, '..', 'ocr', 'app.py')),
      verifyOnDeploy: true,
    });
  }
}

export const app = new App();
const stack = new Stack(app, 'Pipeline');

const pipeline = new CodePipeline(stack, 'Pipeline', {
  pipelineType: PipelineType.V2,
  // Images of apps are built in the pipeline.
  dockerEnabledForSynth: false,
  publishAssetsInParallel: false,
  synth: new CodeBuildStep('Synth', {
    input: CodePipelineSource.connection('octo-org/octo-repo', 'main', { connectionArn: CONNECTION }),
    commands: ['npm ci', 'npx cdk synth'],
    buildEnvironment: { buildImage: codebuild.LinuxBuildImage.STANDARD_7_0 },
  }),
});
pipeline.addStage(new OcrStage(app, 'Test'));
pipeline.addStage(new OcrStage(app, 'Production'), { pre: [new ManualApprovalStep('Approve')] });
