/** Runs a script of `test/runtime/local/scripts` in a process of its own that a test may kill. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';

const ROOT = resolve(__dirname, '../../..');

/** Compiles a script once; the result runs under plain Node. */
export function compileScript(name: string, folder: string): string {
  const output = join(folder, `${name}.cjs`);
  buildSync({
    entryPoints: [join(__dirname, 'scripts', `${name}.ts`)],
    outfile: output,
    bundle: true,
    platform: 'node',
    external: ['libsql'],
  });
  return output;
}

export interface RunningScript {
  readonly process: ChildProcess;
  /** Lines of its standard output, in order. */
  readonly lines: AsyncIterable<string>;
}

export function runScript(script: string, ...args: readonly string[]): RunningScript {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_PATH: join(ROOT, 'node_modules') },
  });
  return { process: child, lines: createInterface({ input: child.stdout }) };
}
