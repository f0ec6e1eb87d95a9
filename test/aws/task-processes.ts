/** Starts the containers of a task as processes: quick, and without a container engine. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTAINER, VARIABLE } from '../../runtime/aws-layout';
import { mountedFolders } from './mounted-folders';
import type { ContainerDefinition, RunningContainers, TaskToStart } from './task-definitions';

export interface TaskProcessesOptions {
  /** The command that stands for the app's image, told its port in PORT. */
  readonly app: (port: number) => {
    readonly command: string;
    readonly args: readonly string[];
    readonly env?: NodeJS.ProcessEnv;
  };
  /** The agent's bundle. */
  readonly agent: string;
  readonly onLine?: (line: string) => void;
  /** What apps must trust to call the platform. */
  readonly caPath?: string;
  /** Stands for EFS: volumes that an app mounts within it are folders of it. */
  readonly volumes?: string;
}

type Task = Pick<TaskToStart, 'containers' | 'volumes' | 'credentials' | 'secrets' | 'overrides'>;

/** What ECS does for a task: app first, agent beside it; when one ends, so does the other. */
export function startTaskProcesses(options: TaskProcessesOptions, task: Task): RunningContainers {
  const running = new TaskProcesses(options, task);
  return {
    ended: running.run(),
    stop: () => {
      running.stop();
    },
    kill: () => {
      running.kill();
    },
  };
}

class TaskProcesses {
  private readonly children = new Map<string, ChildProcess>();
  private readonly exits = new Map<string, number>();
  private stopped = false;

  constructor(
    private readonly options: TaskProcessesOptions,
    private readonly task: Task,
  ) {}

  async run(): Promise<{ readonly exitCode: number; readonly reason?: string }> {
    const metadata = await this.serveMetadata();
    const shared = await mkdtemp(join(tmpdir(), 'task-'));
    const SGPU_AGENT_SOCKET = join(shared, 'output.sock');
    try {
      const port = await freePort();
      const command = this.options.app(port);
      const app = this.start(CONTAINER.app, {
        ...command,
        env: { SGPU_AGENT_SOCKET, ...trust(this.options.caPath), ...this.volumes(), ...command.env },
        port,
      });
      const agent = this.start(CONTAINER.agent, {
        command: process.execPath,
        args: [this.options.agent],
        env: {
          ...this.task.credentials,
          SGPU_AGENT_SOCKET,
          [VARIABLE.appUrl]: `http://127.0.0.1:${port}`,
          ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`,
        },
        port,
      });
      if (this.stopped) this.signal();
      await Promise.race([app, agent]);
      this.signal();
      await Promise.all([app, agent]);
      return { exitCode: this.exits.get(CONTAINER.app) ?? 0 };
    } finally {
      metadata.close();
      await rm(shared, { recursive: true, force: true });
    }
  }

  stop(): void {
    this.stopped = true;
    this.signal();
  }

  kill(): void {
    this.children.get(CONTAINER.app)?.kill('SIGKILL');
  }

  private signal(): void {
    for (const child of this.children.values()) child.kill('SIGTERM');
    setTimeout(() => {
      for (const child of this.children.values()) child.kill('SIGKILL');
    }, 10_000).unref();
  }

  /** Resolves when the container has ended. */
  private async start(
    name: string,
    { command, args, env, port }: { command: string; args: readonly string[]; env?: NodeJS.ProcessEnv; port: number },
  ): Promise<void> {
    const definition = this.task.containers.find((container) => container.Name === name);
    const declared = { ...variablesOf(definition), ...(await this.task.secrets(name)) };
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH, ...declared, ...this.task.overrides[name], PORT: String(port), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.set(name, child);
    for (const output of [child.stdout, child.stderr])
      output.setEncoding('utf8').on('data', (text: string) => this.options.onLine?.(`${name}: ${text.trimEnd()}`));
    const [code] = (await once(child, 'exit')) as [number | null];
    this.exits.set(name, code ?? 137);
  }

  private volumes(): NodeJS.ProcessEnv {
    const { volumes } = this.options;
    return volumes === undefined ? {} : { SGPU_VOLUMES: JSON.stringify(mountedFolders(this.task, volumes)) };
  }

  /** The task metadata endpoint, version 4, as far as the agent reads it. */
  private async serveMetadata(): Promise<Server> {
    const server = createServer((_, response) => {
      const container = (name: string): unknown => {
        const exit = this.exits.get(name);
        return exit === undefined
          ? { Name: name, KnownStatus: 'RUNNING', DesiredStatus: 'RUNNING' }
          : { Name: name, KnownStatus: 'STOPPED', DesiredStatus: 'STOPPED', ExitCode: exit };
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ Containers: [container(CONTAINER.app), container(CONTAINER.agent)] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }
}

function trust(caPath: string | undefined): NodeJS.ProcessEnv {
  return caPath === undefined ? {} : { SSL_CERT_FILE: caPath, REQUESTS_CA_BUNDLE: caPath };
}

function variablesOf(definition: ContainerDefinition | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((definition?.Environment ?? []).map(({ Name, Value }) => [Name, Value]));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
