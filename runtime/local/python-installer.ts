/** Makes virtual environments and installs into them: with uv where it is on PATH, else with venv and pip. */
import { join } from 'node:path';
import { UserError } from '../domain/user-error';
import type { PythonInterpreter } from './python-interpreter';
import { runProgram } from './run-program';

export interface PythonInstaller {
  /** Makes an empty virtual environment. */
  createEnvironment(directory: string): Promise<void>;
  /** Installs a requirements file into the environment, or into `target` apart from it. */
  install(environment: string, requirementsFile: string, options: InstallOptions): Promise<void>;
}

export interface InstallOptions {
  /** The directory that relative paths start from. */
  readonly cwd: string;
  /** A directory of its own instead of the environment; the file then pins everything there is. */
  readonly target?: string;
}

export interface InstallerSurroundings {
  readonly interpreter: PythonInterpreter;
  readonly env: NodeJS.ProcessEnv;
  readonly report: (line: string) => void;
}

/** pip installs into another Python (`--python`) since this version. */
const PIP_WITH_PYTHON_OPTION = [22, 3] as const;

export async function findInstaller(surroundings: InstallerSurroundings): Promise<PythonInstaller> {
  const { status } = await runProgram('uv', ['--version'], { env: surroundings.env });
  return status === 0 ? new Uv(surroundings) : new Pip(surroundings);
}

export function pythonOf(environment: string): string {
  return join(environment, 'bin', 'python');
}

class Uv implements PythonInstaller {
  constructor(private readonly surroundings: InstallerSurroundings) {}

  async createEnvironment(directory: string): Promise<void> {
    await this.uv(['venv', '--no-project', '--python', this.surroundings.interpreter.executable, directory]);
  }

  async install(environment: string, requirementsFile: string, { cwd, target }: InstallOptions): Promise<void> {
    const where = target === undefined ? [] : ['--target', target, '--no-deps', '--compile-bytecode'];
    await this.uv(['pip', 'install', '--python', pythonOf(environment), ...where, '-r', requirementsFile], cwd);
  }

  private uv(args: readonly string[], cwd?: string): Promise<void> {
    return runInstaller(this.surroundings, 'uv', ['--color', 'never', ...args], cwd);
  }
}

class Pip implements PythonInstaller {
  constructor(private readonly surroundings: InstallerSurroundings) {}

  async createEnvironment(directory: string): Promise<void> {
    const { executable } = this.surroundings.interpreter;
    // Debian's Python has no ensurepip until python3-venv is installed; its pip can install from outside.
    const withoutPip = this.installsFromOutside() ? ['--without-pip'] : [];
    const { status, output } = await runProgram(executable, ['-m', 'venv', ...withoutPip, directory], {
      env: this.surroundings.env,
    });
    if (status === 0) return;
    if (output.includes('No space left')) throw failure(output);
    throw new UserError(
      `${executable} can't make a virtual environment: it has neither pip ${PIP_WITH_PYTHON_OPTION.join('.')} or newer ` +
        'nor ensurepip. Install uv, or the package python3-venv',
    );
  }

  async install(environment: string, requirementsFile: string, { cwd, target }: InstallOptions): Promise<void> {
    const where = target === undefined ? [] : ['--target', target, '--no-deps'];
    const options = ['install', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off'];
    const args = [...options, ...where, '-r', requirementsFile];
    const python = pythonOf(environment);
    const [command, pip] = this.installsFromOutside()
      ? [this.surroundings.interpreter.executable, ['-m', 'pip', '--python', python]]
      : [python, ['-m', 'pip']];
    await runInstaller(this.surroundings, command, [...pip, ...args], cwd);
  }

  private installsFromOutside(): boolean {
    const [major = 0, minor = 0] = (this.surroundings.interpreter.pip ?? '').split('.').map(Number);
    return (
      major > PIP_WITH_PYTHON_OPTION[0] || (major === PIP_WITH_PYTHON_OPTION[0] && minor >= PIP_WITH_PYTHON_OPTION[1])
    );
  }
}

async function runInstaller(
  { env, report }: InstallerSurroundings,
  command: string,
  args: readonly string[],
  cwd?: string,
): Promise<void> {
  const onLine = (line: string): void => {
    const step = progress(line);
    if (step !== undefined) report(step);
  };
  const { status, output } = await runProgram(command, args, { env, onLine, ...(cwd === undefined ? {} : { cwd }) });
  if (status !== 0) throw failure(output);
}

/** What a line of uv or pip says that is worth waiting for: downloads of megabytes, builds, the installation itself. */
function progress(line: string): string | undefined {
  const text = line.trim();
  if (/^Downloading .*\bMB\)$|^Downloading .*\dMiB\)$|^(Resolved|Prepared|Building|Built|Installed)\b/.test(text))
    return text;
  const installing = /^Installing collected packages: (.*)$/.exec(text)?.[1];
  return installing === undefined ? undefined : `Installing ${installing.split(',').length} packages`;
}

function failure(output: string): UserError {
  if (/No space left on device|os error 28|ENOSPC/.test(output)) {
    return new UserError('The disk is full: the Python environment could not be installed. Make room and try again');
  }
  return new UserError(`The requirements can't be installed: ${reason(output)}`);
}

/** What the tool itself says, on one line: pip's lines after `ERROR:`, what uv writes after its `×`. */
function reason(output: string): string {
  const lines = output.split(/[\r\n]+/);
  const errors = lines.filter((line) => line.startsWith('ERROR:')).map((line) => line.slice('ERROR:'.length));
  const uv = lines.slice(lines.findIndex((line) => /^\s*(×|error:)/.test(line)));
  const said = errors.length > 0 ? [...new Set(errors)].slice(0, 2) : uv;
  const text = said.join(' ').replace(NOISE, ' ').replace(/\s+/g, ' ').trim();
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text || 'the installer said nothing';
}

/** Frames and labels, every version there is of a package, and the place in a file that the user never sees. */
const NOISE =
  /[×╰─▶│├]+|error:|\(from versions: [^)]*\)|\(from line \d+ of [^)]*\)|: \S*sgpu-requirements-\S+requirements\.txt(:\d+)*/g;

/** Two lines of a terminal and a bit. */
const LONGEST_REASON = 400;
