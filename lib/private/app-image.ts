import { existsSync, readFileSync } from 'node:fs';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import type { AppSpec } from '../../runtime/domain/app-spec';
import type { FalSource } from '../../runtime/source/fal-source';
import { assetPath } from './assets';
import { CodeBuildImages, type CodeBuildSurroundings } from './code-build-images';
import type { ImageBuildDeclaration } from './image-build-declaration';
import { dockerfileContext, withFalContext, type ImageContext } from './image-context';
import { messageForUser, refuse } from './refusal';
import type { SourceDeclaration } from './source-declaration';
import { sourceReader } from './source-reader';

/** Reads a fal app; other sources say nothing of themselves. */
export function readSource(app: Construct, declaration: SourceDeclaration): FalSource | undefined {
  if (declaration.kind !== 'fal') return undefined;
  const { file, className } = declaration;
  if (!existsSync(file)) refuse(app, `\`source\`: there is no file ${file}, looked up from ${process.cwd()}`);
  try {
    const options = { file, ...(className === undefined ? {} : { name: className }) };
    return sourceReader().readFalSource(readFileSync(file, 'utf8'), options);
  } catch (error) {
    return refuse(app, `\`source\`: ${messageForUser(error)}`);
  }
}

export interface RunnerImagesProps extends CodeBuildSurroundings {
  readonly declaration: SourceDeclaration;
  readonly source: FalSource | undefined;
  readonly spec: AppSpec;
  readonly build: ImageBuildDeclaration;
}

/** The images of a runner's two containers. */
export interface RunnerImages {
  readonly app: ecs.ContainerImage;
  readonly agent: ecs.ContainerImage;
}

/** They are built when the stack is deployed, not when it is synthesised. */
export function runnerImages(scope: Construct, props: RunnerImagesProps): RunnerImages {
  const { declaration, source, spec } = props;
  switch (declaration.kind) {
    case 'image':
      return { app: declaration.image, agent: built(scope, props, undefined).agent };
    case 'dockerfile':
      return built(scope, props, dockerfileContext(scope, declaration)) as RunnerImages;
    case 'fal':
      if (source === undefined) throw new Error('A fal app has a source');
      return withFalContext(scope, source, spec, (app) => built(scope, props, app) as RunnerImages);
  }
}

type Built = Pick<RunnerImages, 'agent'> & Partial<RunnerImages>;

function built(scope: Construct, { build, ...surroundings }: RunnerImagesProps, app: ImageContext | undefined): Built {
  const agent: ImageContext = { directory: assetPath('agent') };
  if (build.kind === 'code-build') {
    return new CodeBuildImages(scope, 'Images', { ...surroundings, options: build, agent, app }).images;
  }
  return {
    agent: ecs.ContainerImage.fromAsset(agent.directory),
    ...(app === undefined ? {} : { app: withDocker(scope, app, build.secrets ?? {}) }),
  };
}

function withDocker(
  scope: Construct,
  { directory, file, target, buildArgs, secrets = [] }: ImageContext,
  from: Readonly<Record<string, string>>,
): ecs.ContainerImage {
  const buildSecrets = Object.fromEntries(secrets.map((name) => [name, from[name] ?? `env=${name}`]));
  return ecs.ContainerImage.fromDockerImageAsset(
    new DockerImageAsset(scope, 'Image', {
      directory,
      platform: Platform.LINUX_AMD64,
      ...(file === undefined ? {} : { file }),
      ...(target === undefined ? {} : { target }),
      ...(buildArgs === undefined ? {} : { buildArgs: { ...buildArgs } }),
      ...(secrets.length === 0 ? {} : { buildSecrets }),
    }),
  );
}
