/** Runs a program to its end, without a shell, and hands out its output line by line. */
import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** Exit status; absent when the program could not be started or a signal ended it. */
  readonly status?: number;
  /** Everything it printed, both streams in the order of arrival. */
  readonly output: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly onLine?: (line: string) => void;
}

/** Never rejects: a program that does not exist has no status, and the reason as its output. */
export function runProgram(
  command: string,
  args: readonly string[],
  { cwd, env, onLine }: ProgramOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let unfinished = '';
    const take = (text: string): void => {
      output += text;
      const lines = (unfinished + text).split(/[\r\n]+/);
      unfinished = lines.pop() ?? '';
      for (const line of lines) onLine?.(line);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('error', (error) => {
      resolve({ output: error.message });
    });
    child.once('close', (status) => {
      resolve({ ...(status === null ? {} : { status }), output });
    });
  });
}
