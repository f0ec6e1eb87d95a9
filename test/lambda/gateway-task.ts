/** A task of the gateway's service: its bundle, run as its image runs it, beside what ECS offers tasks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

export class GatewayTask {
  private constructor(
    /** Where its load balancer would reach it. */
    readonly url: string,
    private readonly process: ChildProcess,
    private readonly metadata: Server,
  ) {}

  static async start(bundle: string, environment: Readonly<Record<string, string>>): Promise<GatewayTask> {
    const metadata = createServer((_request, response) => {
      response.end(JSON.stringify({ Networks: [{ NetworkMode: 'awsvpc', IPv4Addresses: ['127.0.0.1'] }] }));
    });
    await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
    const container = spawn(process.execPath, [bundle], {
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        RELAY_PORT: '0',
        STOP_TIMEOUT_SECONDS: '10',
        ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: container.stdout })) {
      const port = /listens on port (\d+)/.exec(line)?.[1];
      if (port === undefined) continue;
      container.stdout.resume();
      return new GatewayTask(`http://127.0.0.1:${port}`, container, metadata);
    }
    metadata.close();
    throw new Error('The gateway ended before it listened');
  }

  /** As ECS ends a task; resolves with the exit code and signal. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<unknown> {
    this.metadata.close();
    const { exitCode, signalCode } = this.process;
    if (exitCode !== null || signalCode !== null) return [exitCode, signalCode];
    const ended = once(this.process, 'exit');
    this.process.kill(signal);
    return ended;
  }
}
