/** A task as ECS would run it, for tests of the agent's program: an app on a real port, a metadata endpoint, a socket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class TestTask {
  /** What the metadata endpoint says of the app's container. */
  status: { KnownStatus: string; ExitCode?: number } = { KnownStatus: 'RUNNING' };

  private constructor(
    private readonly folder: string,
    private readonly app: Server,
    private readonly metadata: Server,
  ) {}

  static async start(handler: RequestListener): Promise<TestTask> {
    const metadata = createServer((request, response) => {
      response.statusCode = request.url === '/v4/abc/task' ? 200 : 404;
      response.end(
        JSON.stringify({
          Containers: [
            { Name: 'agent', KnownStatus: 'RUNNING' },
            { Name: 'app', ...task.status },
          ],
        }),
      );
    });
    const app = createServer(handler);
    const task: TestTask = new TestTask(mkdtempSync(join(tmpdir(), 'sgpu-task-')), app, metadata);
    await Promise.all(
      [app, metadata].map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
    );
    return task;
  }

  get appUrl(): string {
    return `http://127.0.0.1:${portOf(this.app)}`;
  }

  get metadataUrl(): string {
    return `http://127.0.0.1:${portOf(this.metadata)}/v4/abc`;
  }

  get socketPath(): string {
    return join(this.folder, 'output.sock');
  }

  /** The app's container ends. */
  exit(code: number): void {
    this.app.closeAllConnections();
    this.app.close();
    this.status = { KnownStatus: 'STOPPED', ExitCode: code };
  }

  /** The app reports by its socket, then closes it. */
  report(...records: readonly object[]): Promise<void> {
    const text = records.map((record) => `\x1e${JSON.stringify(record)}\n`).join('');
    return new Promise((resolve, reject) => {
      const socket = connect(this.socketPath, () => socket.end(text));
      socket.once('close', () => {
        resolve();
      });
      socket.once('error', reject);
      socket.resume();
    });
  }

  stop(): void {
    for (const server of [this.app, this.metadata]) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
