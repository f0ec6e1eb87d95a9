/** The socket by which the app's container reports what its app prints, tagged with requests, and why it failed. */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { LineSplitter, parseLine, type AppOutput } from '../../runtime/local/app-output';

export class OutputSocket {
  private readonly connections = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** Listens at `path`, where whoever shares the folder may connect, and gives each line to `onOutput`. */
  static async listen(path: string, onOutput: (output: AppOutput) => void): Promise<OutputSocket> {
    await rm(path, { force: true });
    const server = createServer((connection) => {
      socket.read(connection, onOutput);
    });
    const socket = new OutputSocket(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    // The app runs as a user of its own.
    await chmod(path, 0o666);
    return socket;
  }

  /** Resolves when every line of the apps that have ended was read, or after `limitMs`. */
  async drained(limitMs: number): Promise<void> {
    const closed = [...this.connections].map(
      (connection) => new Promise((resolve) => connection.once('close', resolve)),
    );
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise((resolve) => (timer = setTimeout(resolve, limitMs)));
    await Promise.race([Promise.all(closed), limit]);
    clearTimeout(timer);
  }

  close(): void {
    this.server.close();
    for (const connection of this.connections) connection.destroy();
  }

  private read(connection: Socket, onOutput: (output: AppOutput) => void): void {
    const lines = new LineSplitter((line) => {
      onOutput(parseLine('stdout', line));
    });
    this.connections.add(connection);
    connection.on('data', (bytes: Buffer) => {
      lines.write(bytes);
    });
    // A broken connection has ended; `close` follows.
    connection.on('error', () => undefined);
    connection.once('close', () => {
      lines.end();
      this.connections.delete(connection);
    });
  }
}
