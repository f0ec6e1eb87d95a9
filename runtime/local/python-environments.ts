/** Python environments of apps, one for each content of their requirements, kept and shared between platforms. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../domain/user-error';
import { builtOnce, forgetBuilt } from './built-once';
import { errorCode } from './error-code';
import { findInstaller, pythonOf, type PythonInstaller } from './python-installer';
import { findPython, PYTHON_CANDIDATES, type PythonInterpreter } from './python-interpreter';
import { installSteps, type InstallStep } from './python-requirements';

export interface PythonEnvironmentsOptions {
  /** Where environments are kept. Processes may share it. */
  readonly cacheDirectory: string;
  /** The requirements file of fal's closure, fully pinned. */
  readonly closureRequirements: string;
  /** Programs to try as Python, in order. Default: `SGPU_PYTHON` where it is set, else the usual names on PATH. */
  readonly pythonCandidates?: readonly string[];
  /** Variables for the installers, and for `${NAME}` in requirements. Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Told what is being installed, a line at a time. */
  readonly report: (line: string) => void;
}

export interface EnvironmentWishes {
  /** Where relative paths in the requirements start from. Default: the working directory. */
  readonly directory?: string;
  /** `3.12`: no other will do. Default: the first that is found. */
  readonly pythonVersion?: string;
}

export interface PythonEnvironment {
  /** The interpreter of the environment. */
  readonly python: string;
  /** The directory with fal and its dependencies: to be the last on `sys.path`. */
  readonly closure: string;
  /** Programs of the environment: to be the first on PATH. */
  readonly binDirectory: string;
}

/** Raise it when the same requirements are to give another environment than before. */
const LAYOUT = 1;

export class PythonEnvironments {
  private readonly underway = new Map<string, Promise<PythonEnvironment>>();
  private readonly interpreters = new Map<string | undefined, Promise<PythonInterpreter>>();

  constructor(private readonly options: PythonEnvironmentsOptions) {}

  /**
   * The environment of these requirements, installed list by list; made now if need be, which may take minutes.
   *
   * Throws a UserError when there is no Python, or not the one asked for, when the requirements can't be installed, and when
   * the disk is full.
   */
  async prepare(
    requirements: readonly (readonly string[])[],
    { directory = process.cwd(), pythonVersion }: EnvironmentWishes = {},
  ): Promise<PythonEnvironment> {
    const interpreter = await this.findInterpreter(pythonVersion);
    const steps = await installSteps(requirements, directory, this.env);
    const key = hash([LAYOUT, interpreter.executable, interpreter.version, interpreter.platform, steps.map(identity)]);
    const running = this.underway.get(key);
    if (running !== undefined) return running;
    const made = this.make(key, interpreter, steps, directory).finally(() => this.underway.delete(key));
    this.underway.set(key, made);
    return made;
  }

  private async make(
    key: string,
    interpreter: PythonInterpreter,
    steps: readonly InstallStep[],
    directory: string,
  ): Promise<PythonEnvironment> {
    const { env, options } = this;
    const installer = await findInstaller({ interpreter, env, report: options.report });
    try {
      const environment = await this.environment(key, installer, steps, directory);
      const closure = await this.closure(interpreter, installer, environment);
      return { python: pythonOf(environment), closure, binDirectory: join(environment, 'bin') };
    } catch (error) {
      throw errorCode(error) === 'ENOSPC' ? new UserError(`The disk is full: make room for ${this.folder}`) : error;
    }
  }

  private async environment(
    key: string,
    installer: PythonInstaller,
    steps: readonly InstallStep[],
    directory: string,
  ): Promise<string> {
    const name = `environment-${key}`;
    const build = async (environment: string): Promise<void> => {
      this.options.report(`Making a Python environment: ${summary(steps)}`);
      await installer.createEnvironment(environment);
      for (const { text } of steps) await installText(installer, environment, text, directory);
    };
    const environment = await builtOnce(this.folder, name, build, this.waitingForAnother);
    // The Python it was made from may have been removed since.
    if (existsSync(pythonOf(environment))) return environment;
    await forgetBuilt(this.folder, name);
    return builtOnce(this.folder, name, build, this.waitingForAnother);
  }

  /** Apart from the environments: one closure serves all of one Python. */
  private async closure(
    { version, platform }: PythonInterpreter,
    installer: PythonInstaller,
    environment: string,
  ): Promise<string> {
    const { closureRequirements } = this.options;
    const [major, minor] = version.split('.');
    const key = hash([LAYOUT, major, minor, platform, await readFile(closureRequirements, 'utf8')]);
    const build = async (target: string): Promise<void> => {
      this.options.report('Installing fal, which serves the apps');
      await installer.install(environment, closureRequirements, { cwd: this.folder, target });
    };
    return builtOnce(this.folder, `closure-${key}`, build, this.waitingForAnother);
  }

  private findInterpreter(version: string | undefined): Promise<PythonInterpreter> {
    const known = this.interpreters.get(version);
    if (known !== undefined) return known;
    const own = this.env.SGPU_PYTHON;
    const candidates = this.options.pythonCandidates ?? (own ? [own] : PYTHON_CANDIDATES);
    // Looked for again after a failure: the user may have installed one meanwhile.
    const found = findPython(candidates, version).catch((error: unknown) => {
      this.interpreters.delete(version);
      throw error;
    });
    this.interpreters.set(version, found);
    return found;
  }

  private readonly waitingForAnother = (): void => {
    this.options.report('Waiting for another process that is making the same Python environment');
  };

  private get folder(): string {
    return this.options.cacheDirectory;
  }

  private get env(): NodeJS.ProcessEnv {
    return this.options.env ?? process.env;
  }
}

async function installText(installer: PythonInstaller, environment: string, text: string, cwd: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sgpu-requirements-'));
  try {
    const file = join(folder, 'requirements.txt');
    await writeFile(file, text);
    await installer.install(environment, file, { cwd });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function identity(step: InstallStep): readonly string[] {
  return step.identity;
}

function hash(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 24);
}

/** The requirements in a line, for people. */
function summary(steps: readonly InstallStep[]): string {
  const entries = steps.flatMap(({ text }) => text.trim().split('\n'));
  if (entries.length === 0) return 'no requirements';
  const shown = entries.slice(0, 5).join(', ');
  return entries.length > 5 ? `${shown} and ${entries.length - 5} more` : shown;
}
