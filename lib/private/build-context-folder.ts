/** The folder of a fal app on disk, and the build context of its image written to another. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../../runtime/domain/user-error';
import {
  ignoredFiles,
  type BuildContext,
  type BuildContextFile,
  type BuildContextInput,
} from '../../runtime/source/build-context';
import type { FalImage } from '../../runtime/source/fal-source';

/** What of a build context's input lies on disk, and where. */
export type AppFolder = Pick<BuildContextInput, 'entry' | 'files' | 'dockerignore' | 'dockerfile'> & {
  readonly folder: string;
};

/**
 * Reads the folder that goes into the image of the app in `file`: the `context_dir` of its `ContainerImage`, else the
 * folder from which the app's package is imported, which for a lone file is the one it lies in. Throws a `UserError`
 * when the app's file lies outside or a file that the image names can't be read.
 */
export function readAppFolder(file: string, image?: FalImage): AppFolder {
  const path = resolve(file);
  const folder = contextDirectory(image, dirname(path)) ?? importRoot(dirname(path));
  const entry = relative(folder, path).split(sep).join('/');
  if (entry.startsWith('../')) throw new UserError(`${file} lies outside of context_dir (${folder}) of its image`);
  const dockerignore = dockerignoreOf(image, folder, dirname(path));
  return {
    folder,
    entry,
    files: filesBelow(folder, dockerignore),
    ...(dockerignore === undefined ? {} : { dockerignore }),
    ...(image?.dockerfile_path === undefined
      ? {}
      : { dockerfile: text(resolve(dirname(path), image.dockerfile_path)) }),
  };
}

/** Writes a context to a folder, which should be empty. `packageFolder` is the root of this package. */
export function writeBuildContext(context: BuildContext, app: AppFolder, packageFolder: string, target: string): void {
  for (const file of context.files) writeOne(file, app.folder, packageFolder, join(target, file.path));
}

function writeOne(file: BuildContextFile, appFolder: string, packageFolder: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if ('content' in file) {
    writeFileSync(path, file.content);
    return;
  }
  const source = 'copyFromApp' in file ? join(appFolder, file.copyFromApp) : join(packageFolder, file.copyFromPackage);
  const wanted = (name: string): boolean => !name.includes('__pycache__');
  cpSync(source, path, { recursive: true, verbatimSymlinks: true, filter: wanted });
}

function contextDirectory(image: FalImage | undefined, base: string): string | undefined {
  const declared = image?.context_dir;
  return typeof declared === 'string' ? resolve(base, declared) : undefined;
}

/** A folder with `__init__.py` is part of a package, which is imported from above it. */
function importRoot(folder: string): string {
  const parent = dirname(folder);
  return existsSync(join(folder, '__init__.py')) && parent !== folder ? importRoot(parent) : folder;
}

/** fal takes the patterns as a list, or the path of a file with them. */
function dockerignoreOf(image: FalImage | undefined, folder: string, base: string): string | undefined {
  const { dockerignore, dockerignore_path: path } = image ?? {};
  if (Array.isArray(dockerignore)) return dockerignore.map(String).join('\n');
  if (typeof path === 'string') return text(resolve(base, path));
  const own = join(folder, '.dockerignore');
  return existsSync(own) ? text(own) : undefined;
}

function filesBelow(root: string, dockerignore: string | undefined): readonly string[] {
  const ignore = ignoredFiles(dockerignore);
  const below = (folder: string): readonly string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
      return ignore.excludesAllBelow(path) ? [] : below(path);
    });
  return below('').filter((path) => !ignore.excludes(path));
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new UserError(`${path} can't be read`);
  }
}
