import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import type { AppSpec } from '../../runtime/domain/app-spec';
import { buildContext } from '../../runtime/source/build-context';
import type { FalSource } from '../../runtime/source/fal-source';
import { packagePath } from './assets';
import { readAppFolder, writeBuildContext } from './build-context-folder';
import type { SourceDeclaration } from './source-declaration';
import { sourceReader } from './source-reader';

/** Reads a fal app; other sources say nothing of themselves. */
export function readSource(declaration: SourceDeclaration): FalSource | undefined {
  if (declaration.kind !== 'fal') return undefined;
  const { file, className } = declaration;
  return sourceReader().readFalSource(readFileSync(file, 'utf8'), {
    file,
    ...(className === undefined ? {} : { name: className }),
  });
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
  const folder = readAppFolder(source.file, source.image);
  const context = buildContext({ source, spec, ...folder });
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
