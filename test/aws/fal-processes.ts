/** How a fal app is served by a process that stands for its container. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PythonEnvironments } from '../../runtime/local/python-environments';
import type { TaskProcessesOptions } from './task-processes';

const ROOT = join(__dirname, '..', '..');

/** Shared by all tests and kept, so that fal is installed once. */
const CACHE = join(ROOT, 'node_modules', '.cache', 'sgpu-test', 'environments');

export async function falApp(
  file: string,
  name: string,
  env: NodeJS.ProcessEnv = {},
): Promise<TaskProcessesOptions['app']> {
  mkdirSync(CACHE, { recursive: true });
  const python = join(ROOT, 'runner-image', 'python');
  const environments = new PythonEnvironments({
    cacheDirectory: CACHE,
    closureRequirements: join(python, 'requirements.txt'),
    report: () => undefined,
  });
  const environment = await environments.prepare([], { directory: dirname(file) });
  return (port) => ({
    command: environment.python,
    args: [join(python, 'serve.py'), '--file', file, '--name', name, '--port', String(port)],
    env: { SGPU_FAL_CLOSURE: environment.closure, PYTHONUNBUFFERED: '1', ...env },
  });
}
