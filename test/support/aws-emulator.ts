/** AWS for tests: moto's server, in the version pinned here. Each start is a process and an account of its own. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pythonPackages } from './python-packages';

const MOTO = 'moto[server]==5.2.5';

// The first start on a machine installs moto, which takes a minute.
jest.setTimeout(300_000);

export interface AwsEmulator {
  /** `http://127.0.0.1:<port>`, for every service. S3 needs `forcePathStyle`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

/** Starts an empty account. Ends with this process at the latest. Needs `python3` with pip; fails without. */
export async function startAwsEmulator(): Promise<AwsEmulator> {
  const packages = await pythonPackages(MOTO);
  const server = spawn('python3', [join(__dirname, 'aws_emulator.py')], {
    env: { PATH: process.env.PATH, PYTHONWARNINGS: 'ignore', PYTHONPATH: packages },
  });
  const ended = new Promise<void>((resolve) =>
    server.once('exit', () => {
      resolve();
    }),
  );
  const port = await portOf(server);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    stop: async () => {
      server.stdin.end();
      await ended;
    },
  };
}

/** Settings of any AWS client that talks to the emulator. */
export function clientOf(emulator: AwsEmulator): Pick<AwsEmulator, 'endpoint' | 'region' | 'credentials'> {
  const { endpoint, region, credentials } = emulator;
  return { endpoint, region, credentials };
}

async function portOf(server: ChildProcessWithoutNullStreams): Promise<string> {
  const errors: string[] = [];
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors.push(text);
    if (errors.length > 100) errors.shift();
  });
  for await (const line of createInterface(server.stdout)) return line;
  throw new Error(`The AWS emulator did not start: ${errors.join('')}`);
}
