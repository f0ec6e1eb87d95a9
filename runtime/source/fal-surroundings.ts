/**
 * What an app's file says of its surroundings: `python_version`, the files and modules it needs beside itself, and fal's
 * ways of making an environment. The folder of the app goes with it as a whole, so files and modules need only be there.
 */
import { UserError } from '../domain/user-error';
import type { Declared, Settings } from './fal-settings';
import type { PythonModule } from './python-module';
import { joinPaths } from './relative-path';

export interface FalSurroundings {
  /** `3.12`; absent where the file does not say. */
  readonly pythonVersion?: string;
  /** Files, folders and modules that must be beside the app's file. */
  readonly needs: readonly NeededFile[];
}

export interface NeededFile {
  readonly setting: 'app_files' | 'local_python_modules';
  readonly name: string;
  /** Where it may be, relative to the folder of the app's file: one of them must be there. */
  readonly paths: readonly string[];
  readonly line: number;
}

/** The Pythons that fal's pinned packages are made for. */
const PYTHON_VERSIONS = ['3.10', '3.11', '3.12', '3.13'];

/** Throws a `UserError` for a Python that there is none of here, and for an environment made by conda. */
export function surroundings(module: PythonModule, settings: Settings): FalSurroundings {
  refuseConda(module, settings);
  const pythonVersion = pythonVersionOf(module, settings);
  return {
    ...(pythonVersion === undefined ? {} : { pythonVersion }),
    needs: [...appFiles(module, settings), ...localModules(module, settings)],
  };
}

/** Throws a `UserError` for what the app says it needs and `exists` does not find. */
export function requireNeeds({ needs }: FalSurroundings, file: string, exists: (path: string) => boolean): void {
  const missing = needs.filter(({ paths }) => !paths.some(exists));
  if (missing.length === 0) return;
  throw new UserError(missing.map((need) => `${file}:${need.line}: ${missingSentence(need)}`).join('\n'));
}

function missingSentence({ setting, name }: NeededFile): string {
  return setting === 'app_files'
    ? `app_files: ${name} is not in the app's folder, which is what goes with the app: put it there`
    : `local_python_modules: there is no module ${name} in the app's folder, which is what goes with the app: ` +
        'put it there, or name its package in requirements';
}

function refuseConda(module: PythonModule, settings: Settings): void {
  for (const name of CONDA) {
    const declared = settings.get(name);
    if (declared === undefined || (name === 'kind' && declared.value !== 'conda')) continue;
    throw new UserError(
      `${module.source.place(declared.node)}: ${name}: environments of conda are not made here; ` +
        'write packages of PyPI in requirements, or install conda in an image by ContainerImage',
    );
  }
}

const CONDA = ['kind', 'env_dict', 'env_yml', 'env_yml_str', 'packages', 'pip', 'channels'] as const;

/** What belongs to the surroundings, by fal's names. */
export const SURROUNDINGS = ['python_version', 'app_files', 'app_files_context_dir', 'local_python_modules', ...CONDA];

function pythonVersionOf(module: PythonModule, settings: Settings): string | undefined {
  const declared = settings.get('python_version');
  if (declared === undefined) return undefined;
  if (typeof declared.value === 'string' && PYTHON_VERSIONS.includes(declared.value)) return declared.value;
  const given = JSON.stringify(declared.value);
  throw new UserError(
    `${module.source.place(declared.node)}: python_version is ${given}: it must be one of ${PYTHON_VERSIONS.join(', ')}, as a string`,
  );
}

function appFiles(module: PythonModule, settings: Settings): readonly NeededFile[] {
  const declared = settings.get('app_files');
  const context = settings.get('app_files_context_dir')?.value;
  return names(module, 'app_files', declared).map((name) => ({
    setting: 'app_files',
    name,
    paths: [joinPaths(typeof context === 'string' ? context : '.', name)],
    line: lineOf(module, declared),
  }));
}

function localModules(module: PythonModule, settings: Settings): readonly NeededFile[] {
  const declared = settings.get('local_python_modules');
  return names(module, 'local_python_modules', declared).map((name) => {
    const path = name.replaceAll('.', '/');
    return { setting: 'local_python_modules', name, paths: [`${path}.py`, path], line: lineOf(module, declared) };
  });
}

function names(module: PythonModule, setting: string, declared: Declared | undefined): readonly string[] {
  if (declared === undefined) return [];
  const { value, node } = declared;
  if (Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')) return value.map(String);
  throw new UserError(
    `${module.source.place(node)}: ${setting} is ${JSON.stringify(value)}: it must be a list of names`,
  );
}

function lineOf(module: PythonModule, declared: Declared | undefined): number {
  return declared === undefined ? 0 : module.source.line(declared.node);
}
