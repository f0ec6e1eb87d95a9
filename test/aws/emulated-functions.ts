/** The functions of a deployed template, each run from its bundle in a process of its own. */
import { join } from 'node:path';
import type { EmulatedFunction } from './emulated-account';
import { LambdaProcess } from './lambda-process';
import { variablesOfRole } from './role-credentials';

export interface EmulatedFunctionsOptions {
  /** Folder of the cloud assembly with the bundles. */
  readonly assembly: string;
  /** Where functions reach AWS. */
  readonly endpoint: string;
  readonly onLine?: (line: string) => void;
}

export class EmulatedFunctions {
  readonly #processes = new Map<string, LambdaProcess>();

  constructor(private readonly options: EmulatedFunctionsOptions) {}

  async start(lambda: EmulatedFunction): Promise<void> {
    const { assembly, endpoint, onLine } = this.options;
    const { logicalId: name } = lambda;
    const started = await LambdaProcess.start({
      name,
      bundle: join(assembly, `asset.${lambda.codeKey.replace(/\.zip$/, '')}`, 'index.mjs'),
      environment: { ...lambda.environment, ...variablesOfRole(endpoint, lambda.roleArn) },
      timeoutSeconds: lambda.timeoutSeconds,
      onLine: (line) => onLine?.(`${name}: ${line}`),
    });
    this.#processes.set(name, started);
  }

  /** A function by its logical id. */
  named(pattern: RegExp): LambdaProcess {
    const found = [...this.#processes].find(([id]) => pattern.test(id))?.[1];
    if (found === undefined) throw new Error(`No function matches ${String(pattern)}`);
    return found;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((lambda) => lambda.stop()));
  }
}
