/**
 * The Docker build context of a fal app's image, made from its source without Docker, file system or network, so that a
 * synthesis can hash it. The same input gives the same context.
 *
 * `lib/private/build-context-folder.ts` finds the input and writes the result to a folder. Build with BuildKit, for
 * `linux/amd64`:
 *
 *     docker build --platform linux/amd64 --file <context>/<dockerfile> --build-arg … --secret id=… <context>
 */
import type { AppSpec } from '../domain/app-spec';
import { isGpuMachine } from '../domain/machine-catalog';
import { includedFile, requirementLine, requirementVariables, resolveRequirement } from '../domain/requirement';
import { UserError } from '../domain/user-error';
import { APP_FOLDER, falDockerfile, OWN_FOLDER, type RequirementsLayer } from './fal-dockerfile';
import type { FalImage, FalSource } from './fal-source';
import { requireNeeds } from './fal-surroundings';
import { DockerIgnore } from './docker-ignore';
import { folderOf, joinPaths } from './relative-path';

export interface BuildContextInput {
  readonly source: Pick<FalSource, 'name' | 'image' | 'file' | 'surroundings'>;
  readonly spec: Pick<AppSpec, 'requirements' | 'machine_type' | 'exposed_port'>;
  /** The app's file, from the folder that goes into the image: `app.py`, `my_package/app.py`. */
  readonly entry: string;
  /** All files of that folder, `/` between the parts of a path. Those that are ignored may be left out. */
  readonly files: readonly string[];
  /** Text of the folder's `.dockerignore`, where it has one. */
  readonly dockerignore?: string;
  /** Text of the Dockerfile that `ContainerImage.from_dockerfile` names. */
  readonly dockerfile?: string;
  readonly options?: BuildContextOptions;
}

export interface BuildContextOptions {
  /** What the image is built on, a Debian or Ubuntu. Default: `GPU_BASE_IMAGE` or `CPU_BASE_IMAGE` by the machine type. */
  readonly baseImage?: string;
  /** An image with `/uv`. Default: `UV_IMAGE`. */
  readonly uvImage?: string;
  /** The app's Python where its file names none; default `PYTHON_VERSION`. With a `ContainerImage` it is its `python3`. */
  readonly pythonVersion?: string;
}

export interface BuildContext {
  readonly files: readonly BuildContextFile[];
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Names of the BuildKit secrets that the build needs: from `${NAME}` in requirements, and the image's own. */
  readonly secrets: readonly string[];
  readonly platform: 'linux/amd64';
}

/** A file with its path in the context. */
export type BuildContextFile =
  | { readonly path: string; readonly content: string }
  /** From the folder of the app. */
  | { readonly path: string; readonly copyFromApp: string }
  /** From this package; a folder is copied with all Python files below it. */
  | { readonly path: string; readonly copyFromPackage: string };

export const CPU_BASE_IMAGE = 'python:3.12-slim-bookworm';
export const GPU_BASE_IMAGE = 'nvidia/cuda:12.8.1-runtime-ubuntu22.04';
export const UV_IMAGE = 'ghcr.io/astral-sh/uv:0.13.8';
export const PYTHON_VERSION = '3.12';

/** Files that no image needs, unless the app's `.dockerignore` has them back by an exception. */
export const DEFAULT_IGNORE = [
  '**/.git',
  '**/.hg',
  '**/.svn',
  '**/.env',
  '**/.env.*',
  '**/.venv',
  '**/venv',
  '**/node_modules',
  '**/cdk.out',
  '**/.sgpu',
  '**/__pycache__',
  '**/*.pyc',
  '**/.pytest_cache',
  '**/.mypy_cache',
  '**/.ruff_cache',
  '**/.DS_Store',
].join('\n');

/** What stays out of an app's image. Throws a `UserError` for a malformed pattern. */
export function ignoredFiles(dockerignore = ''): DockerIgnore {
  return new DockerIgnore(`${DEFAULT_IGNORE}\n${dockerignore}`);
}

/** Throws a `UserError` for an app file that is ignored, and for requirements that can't be built in an image. */
export function buildContext(input: BuildContextInput): BuildContext {
  const { source, spec, entry, options = {} } = input;
  const files = filesOfApp(input);
  requireNeeds(source.surroundings, source.file, among(files, folderOf(entry)));
  const layers = requirementsLayers(spec.requirements);
  const dockerfile = ownDockerfile(source.image, input.dockerfile);
  return {
    files: [
      ...files.map((path) => ({ path: dockerfile === undefined ? `${APP_FOLDER}/${path}` : path, copyFromApp: path })),
      {
        path: `${OWN_FOLDER}/Dockerfile`,
        content: falDockerfile({
          name: source.name,
          entry,
          layers,
          port: spec.exposed_port,
          uvImage: options.uvImage ?? UV_IMAGE,
          base: dockerfile === undefined ? baseOf(input) : { dockerfile },
        }),
      },
      ...layers.map(({ file, text }) => ({ path: `${OWN_FOLDER}/${file}`, content: text })),
      { path: `${OWN_FOLDER}/with-secrets.sh`, copyFromPackage: 'runner-image/app/with-secrets.sh' },
      { path: `${OWN_FOLDER}/fal-requirements.txt`, copyFromPackage: 'runner-image/python/requirements.txt' },
      { path: `${OWN_FOLDER}/runner/serve.py`, copyFromPackage: 'runner-image/python/serve.py' },
      { path: `${OWN_FOLDER}/runner/sgpu_runner`, copyFromPackage: 'runner-image/python/sgpu_runner' },
    ],
    dockerfile: `${OWN_FOLDER}/Dockerfile`,
    buildArgs: stringValues(source.image?.build_args),
    secrets: [...new Set([...layers.flatMap((layer) => layer.secrets), ...namesOf(source.image?.secrets)])].sort(),
    platform: 'linux/amd64',
  };
}

function filesOfApp({ files, dockerignore, entry }: BuildContextInput): readonly string[] {
  const ignore = ignoredFiles(dockerignore);
  const kept = files.filter((path) => !ignore.excludes(path) && !isOfTheBuild(path)).sort(byCodeUnit);
  if (!kept.includes(entry)) {
    throw new UserError(
      files.includes(entry)
        ? `${entry} is kept out of its own image by .dockerignore: add the line !${entry}`
        : `${entry} is not in the folder that the image is made from`,
    );
  }
  return kept;
}

/** Whether a path from `folder` is that of a file or of a folder with files. */
function among(files: readonly string[], folder: string): (path: string) => boolean {
  return (path) => {
    const wanted = joinPaths(folder, path);
    return wanted === '.' || files.some((file) => file === wanted || file.startsWith(`${wanted}/`));
  };
}

/** Docker would apply the patterns once more, to our own files too. */
function isOfTheBuild(path: string): boolean {
  return path === '.dockerignore' || path.startsWith(`${OWN_FOLDER}/`);
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function baseOf({ source, spec, options = {} }: BuildContextInput): {
  readonly image: string;
  readonly pythonVersion: string;
} {
  const image = options.baseImage ?? (needsGpu(spec.machine_type) ? GPU_BASE_IMAGE : CPU_BASE_IMAGE);
  return { image, pythonVersion: source.surroundings.pythonVersion ?? options.pythonVersion ?? PYTHON_VERSION };
}

function needsGpu(machineTypes: readonly string[]): boolean {
  return machineTypes.some(isGpuMachine);
}

/** The text of the app's own Dockerfile. */
function ownDockerfile(image: FalImage | undefined, read: string | undefined): string | undefined {
  if (image === undefined) return undefined;
  const text = image.dockerfile ?? read;
  if (text === undefined) throw new UserError(`The Dockerfile ${image.dockerfile_path ?? ''} can't be read`);
  return text;
}

/** Each list of requirements is installed in a layer of its own, in order. */
function requirementsLayers(lists: readonly (readonly string[])[]): readonly RequirementsLayer[] {
  return lists
    .map((list) => list.map(requirementLine).filter((line) => line !== ''))
    .filter((list) => list.length > 0)
    .map((list, index) => ({
      file: `requirements-${index + 1}.txt`,
      text: list.map((line) => `${resolveRequirement(line, inImage)}\n`).join(''),
      secrets: [...new Set(list.flatMap(requirementVariables))].sort(),
      needsApp: list.some((line) => includedFile(line) !== undefined || resolveRequirement(line, inImage) !== line),
    }));
}

/** A path of the app's folder as it is in the image. */
function inImage(path: string): string {
  return path.startsWith('/') ? path : `/${APP_FOLDER}/${path}`;
}

function stringValues(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, String(one)]));
}

function namesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
