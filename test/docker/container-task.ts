/** Containers of one task on a Docker engine, as ECS would run them: linked, with a shared folder and task metadata. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createRelay, connect, type AddressInfo, type Server as Relay } from 'node:net';
import { CONTAINER, SHARED_FOLDER } from '../../runtime/aws-layout';
import type { DockerEngine } from '../support/docker-engine';

export interface TaskImages {
  readonly app: string;
  readonly agent: string;
}

type Environment = Readonly<Record<string, string>>;

export class ContainerTask {
  private readonly id = `sgpu-test-${randomUUID().slice(0, 8)}`;
  private metadata: Server | undefined;

  constructor(
    private readonly engine: DockerEngine,
    private readonly images: TaskImages,
  ) {}

  /** The app starts first; the agent reaches it by the name `app`. */
  async start(appEnvironment: Environment, agentEnvironment: Environment): Promise<void> {
    const shared = ['--volume', `${this.id}:${SHARED_FOLDER}`];
    const app = this.name(CONTAINER.app);
    const agent = this.name(CONTAINER.agent);
    await this.engine.docker(
      ...['run', '--detach', '--init', '--name', app, ...shared, ...variables(appEnvironment), this.images.app],
    );
    const metadata = await this.serveMetadata();
    await this.engine.docker(
      ...['run', '--detach', '--init', '--name', agent, '--link', `${app}:${CONTAINER.app}`, ...shared],
      ...variables({ ECS_CONTAINER_METADATA_URI_V4: metadata, ...agentEnvironment }),
      this.images.agent,
    );
  }

  /** SIGTERM, and SIGKILL after a minute. Resolves with the exit code. */
  async stop(container: keyof TaskImages): Promise<number> {
    await this.engine.docker('stop', '--time', '60', this.name(container));
    return Number(await this.inspect(container, '{{.State.ExitCode}}'));
  }

  /** Resolves with the exit code when the container has ended. */
  async ended(container: keyof TaskImages): Promise<number> {
    return Number(await this.engine.docker('wait', this.name(container)));
  }

  async kill(container: keyof TaskImages): Promise<void> {
    await this.engine.docker('kill', this.name(container));
  }

  output(container: keyof TaskImages): Promise<string> {
    return this.engine.docker('logs', this.name(container));
  }

  inspect(container: keyof TaskImages, format: string): Promise<string> {
    return this.engine.docker('inspect', '--format', format, this.name(container));
  }

  async remove(): Promise<void> {
    this.metadata?.close();
    for (const container of [CONTAINER.agent, CONTAINER.app]) {
      await this.engine.docker('rm', '--force', '--volumes', this.name(container)).catch(() => '');
    }
    await this.engine.docker('volume', 'rm', '--force', this.id).catch(() => '');
  }

  private async serveMetadata(): Promise<string> {
    this.metadata = createServer((_request, response) => {
      void this.inspect('app', '{{.State.Running}} {{.State.ExitCode}}').then(
        (state) => {
          const [running, code] = state.split(' ');
          const app =
            running === 'true' ? { KnownStatus: 'RUNNING' } : { KnownStatus: 'STOPPED', ExitCode: Number(code) };
          response.end(JSON.stringify({ Containers: [{ Name: CONTAINER.app, ...app }] }));
        },
        () => response.destroy(),
      );
    });
    return `http://${this.engine.gateway}:${await listening(this.metadata, this.engine.gateway)}`;
  }

  private name(container: keyof TaskImages): string {
    return `${this.id}-${container}`;
  }
}

/** Brings what containers send to the address of this machine to a server that listens on the loopback interface alone. */
export async function relayTo(
  target: string,
  gateway: string,
): Promise<{ readonly url: string; readonly relay: Relay }> {
  const { hostname, port } = new URL(target);
  const relay = createRelay((incoming) => {
    const outgoing = connect(Number(port), hostname);
    incoming.pipe(outgoing).pipe(incoming);
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      one.on('error', () => other.destroy());
    }
  });
  return { url: `http://${gateway}:${await listening(relay, gateway)}`, relay };
}

export async function listening(server: Relay, host: string): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

function variables(environment: Environment): readonly string[] {
  return Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
}
