import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import type { AppSpec } from '../../runtime/domain/app-spec';
import { buildContext, type BuildContext } from '../../runtime/source/build-context';
import type { FalSource } from '../../runtime/source/fal-source';
import { packagePath } from './assets';
import { readAppFolder, writeBuildContext, type AppFolder } from './build-context-folder';
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

/** The image of an app's container. Docker builds it when the stack is deployed, not when it is synthesised. */
export function appImage(
  scope: Construct,
  declaration: SourceDeclaration,
  source: FalSource | undefined,
  spec: AppSpec,
): ecs.ContainerImage {
  if (declaration.kind === 'image') return declaration.image;
  if (declaration.kind === 'dockerfile') return fromDockerfile(scope, declaration);
  if (source === undefined) throw new Error('A fal app has a source');
  return fromFalSource(scope, source, spec);
}

function fromDockerfile(
  scope: Construct,
  { directory, file, target, buildArgs }: Extract<SourceDeclaration, { kind: 'dockerfile' }>,
): ecs.ContainerImage {
  return ecs.ContainerImage.fromDockerImageAsset(
    new DockerImageAsset(scope, 'Image', {
      directory,
      platform: Platform.LINUX_AMD64,
      ...(file === undefined ? {} : { file }),
      ...(target === undefined ? {} : { target }),
      ...(buildArgs === undefined ? {} : { buildArgs: { ...buildArgs } }),
    }),
  );
}

/** The context is written to a temporary folder, of which the CDK takes a copy. */
function fromFalSource(scope: Construct, source: FalSource, spec: AppSpec): ecs.ContainerImage {
  const { folder, context } = contextOf(scope, source, spec);
  const directory = mkdtempSync(join(tmpdir(), 'serverless-gpu-image-'));
  try {
    writeBuildContext(context, folder, packagePath(), directory);
    return ecs.ContainerImage.fromDockerImageAsset(
      new DockerImageAsset(scope, 'Image', {
        directory,
        file: context.dockerfile,
        platform: Platform.LINUX_AMD64,
        buildArgs: { ...context.buildArgs },
      }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function contextOf(scope: Construct, source: FalSource, spec: AppSpec): { folder: AppFolder; context: BuildContext } {
  try {
    const folder = readAppFolder(source.file, source.image);
    return { folder, context: buildContext({ source, spec, ...folder }) };
  } catch (error) {
    return refuse(scope, `\`source\`: ${messageForUser(error)}`);
  }
}
