/** Finds the Python that apps run with. */
import { UserError } from '../domain/user-error';
import { runProgram } from './run-program';

export interface PythonInterpreter {
  readonly executable: string;
  /** `3.11.7` */
  readonly version: string;
  /** What wheels are chosen by: `linux-x86_64`. */
  readonly platform: string;
  /** Version of its pip; absent when it has none. */
  readonly pip?: string;
}

/** What `npm start` looks for on PATH: the user's own choice first, then the versions most wheels exist for. */
export const PYTHON_CANDIDATES = ['python3', 'python', 'python3.12', 'python3.11', 'python3.13', 'python3.10'] as const;

const OLDEST = [3, 10] as const;

/** The last version that fal's pinned closure is made for; a newer one is taken only when there is no other. */
const NEWEST_KNOWN = [3, 13] as const;

/** The first suitable Python, of the given `major.minor` where there is one. A UserError names what was looked for. */
export async function findPython(candidates: readonly string[], version?: string): Promise<PythonInterpreter> {
  if (version !== undefined) return findVersion([...new Set([...candidates, `python${version}`])], version);
  const found: PythonInterpreter[] = [];
  for (const candidate of candidates) {
    const interpreter = await inspect(candidate);
    if (!interpreter || compare(interpreter, OLDEST) < 0) continue;
    if (compare(interpreter, NEWEST_KNOWN) <= 0) return interpreter;
    found.push(interpreter);
  }
  if (found[0] !== undefined) return found[0];
  throw new UserError(
    `No Python 3.10 or newer was found: looked for ${candidates.join(', ')}. ` +
      'Install Python (3.12 fits most models) so that python3 is on PATH, or set SGPU_PYTHON to its path',
  );
}

async function findVersion(candidates: readonly string[], version: string): Promise<PythonInterpreter> {
  for (const candidate of candidates) {
    const interpreter = await inspect(candidate);
    if (interpreter?.version.startsWith(`${version}.`)) return interpreter;
  }
  throw new UserError(
    `No Python ${version} was found, which the app asks for by python_version: looked for ${candidates.join(', ')}. ` +
      `Install it so that python${version} is on PATH, or remove python_version`,
  );
}

const PROBE = `
import json, platform, sys, sysconfig
try:
    import pip
    pip_version = pip.__version__
except ImportError:
    pip_version = None
print(json.dumps({"executable": sys.executable, "version": platform.python_version(),
                  "platform": sysconfig.get_platform(), "pip": pip_version}))
`;

async function inspect(candidate: string): Promise<PythonInterpreter | undefined> {
  const { status, output } = await runProgram(candidate, ['-I', '-c', PROBE]);
  if (status !== 0) return undefined;
  try {
    const { pip, ...interpreter } = JSON.parse(output) as Omit<PythonInterpreter, 'pip'> & {
      readonly pip: string | null;
    };
    return pip === null ? interpreter : { ...interpreter, pip };
  } catch {
    return undefined;
  }
}

/** Negative, zero or positive as the interpreter is older than, as old as or newer than `[major, minor]`. */
function compare({ version }: PythonInterpreter, [major, minor]: readonly [number, number]): number {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor - major || ownMinor - minor;
}
