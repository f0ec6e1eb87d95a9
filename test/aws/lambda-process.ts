/** A function of the template, run from its bundle in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface LambdaProcessOptions {
  readonly name: string;
  /** The `index.mjs` of the code asset. */
  readonly bundle: string;
  /** The function's own variables, and how it reaches the emulators. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /** Told of every line the function logs. */
  readonly onLine?: (line: string) => void;
}

export interface LambdaUsage {
  readonly calls: number;
  readonly ms: number;
  readonly cpuMs: number;
}

export class LambdaProcess {
  private constructor(
    /** Where its function URL is served. */
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async start({
    name,
    bundle,
    environment,
    timeoutSeconds,
    onLine,
  }: LambdaProcessOptions): Promise<LambdaProcess> {
    const child = spawn(process.execPath, [join(__dirname, 'lambda-bootstrap.mjs'), bundle], {
      env: {
        PATH: process.env.PATH,
        AWS_LAMBDA_FUNCTION_NAME: name,
        FUNCTION_TIMEOUT_SECONDS: String(timeoutSeconds),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const port = new Promise<string>((found, failed) => {
      child.once('exit', (code) => {
        failed(new Error(`The function ${name} ended with code ${String(code)} before it listened`));
      });
      for (const output of [child.stdout, child.stderr]) {
        if (output === null) continue;
        createInterface({ input: output }).on('line', (line) => {
          const announced = /^port (\d+)$/.exec(line)?.[1];
          if (announced === undefined) onLine?.(line);
          else found(announced);
        });
      }
    });
    return new LambdaProcess(`http://127.0.0.1:${await port}`, child);
  }

  /** Calls the function with an event, as a service would. Rejects when it throws. */
  async invoke(event: unknown, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const answer = await fetch(`${this.url}/2015-03-31/functions/function/invocations`, {
      method: 'POST',
      headers,
      body: JSON.stringify(event),
    });
    const result: unknown = await answer.json();
    if (answer.headers.has('x-amz-function-error')) throw new Error(JSON.stringify(result));
    return result;
  }

  /** Calls so far, how long they took in all, and the processor's time since the function was started. */
  async usage(): Promise<LambdaUsage> {
    return (await (await fetch(`${this.url}/lambda-usage`)).json()) as LambdaUsage;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
