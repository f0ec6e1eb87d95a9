import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Construct } from 'constructs';
import type { AppSpec } from '../../runtime/domain/app-spec';
import { buildContext, type BuildContext } from '../../runtime/source/build-context';
import type { FalSource } from '../../runtime/source/fal-source';
import { packagePath } from './assets';
import { readAppFolder, writeBuildContext, type AppFolder } from './build-context-folder';
import { messageForUser, refuse } from './refusal';
import type { SourceDeclaration } from './source-declaration';

/** What an image is built from. */
export interface ImageContext {
  readonly directory: string;
  /** The Dockerfile, relative to the directory. */
  readonly file?: string;
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Names of its BuildKit secrets. */
  readonly secrets?: readonly string[];
}

export type DockerfileDeclaration = Extract<SourceDeclaration, { kind: 'dockerfile' }>;

export function dockerfileContext(scope: Construct, declaration: DockerfileDeclaration): ImageContext {
  const dockerfile = join(declaration.directory, declaration.file ?? 'Dockerfile');
  if (!existsSync(dockerfile))
    refuse(scope, `\`source\`: there is no file ${dockerfile}, looked up from ${process.cwd()}`);
  return declaration;
}

/** The context of a fal app is written to a temporary folder, of which the CDK takes a copy meanwhile. */
export function withFalContext<T>(
  scope: Construct,
  source: FalSource,
  spec: AppSpec,
  use: (context: ImageContext) => T,
): T {
  const { folder, context } = contextOf(scope, source, spec);
  const directory = mkdtempSync(join(tmpdir(), 'serverless-gpu-image-'));
  try {
    writeBuildContext(context, folder, packagePath(), directory);
    return use({ directory, file: context.dockerfile, buildArgs: context.buildArgs, secrets: context.secrets });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Patterns of what stays out of a context, as Docker reads them. */
export function dockerignoreOf({ directory, file = 'Dockerfile' }: ImageContext): string[] {
  const path = join(directory, '.dockerignore');
  const patterns = existsSync(path) ? readFileSync(path, 'utf8').split(/\r?\n/) : [];
  return [...patterns.filter((line) => line.trim() !== '' && !line.startsWith('#')), `!${file}`, '!.dockerignore'];
}

function contextOf(scope: Construct, source: FalSource, spec: AppSpec): { folder: AppFolder; context: BuildContext } {
  try {
    const folder = readAppFolder(source.file, source.image);
    return { folder, context: buildContext({ source, spec, ...folder }) };
  } catch (error) {
    return refuse(scope, `\`source\`: ${messageForUser(error)}`);
  }
}
