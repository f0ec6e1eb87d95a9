/** A gateway behind a real socket that keeps files on disk; the other ports are in memory. */
import { createAdaptorServer } from '@hono/node-server';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentCertificate } from '../../daemon/development-certificate';
import type { GatewaySettings } from '../../runtime/gateway/dependencies';
import { createGateway } from '../../runtime/gateway/gateway';
import { createKey } from '../../runtime/gateway/keys';
import { FileBlobStore } from '../../runtime/local/blob-store';
import type { Clock } from '../../runtime/ports';
import { RequestQueue } from '../../runtime/queue/request-queue';
import { MemoryKeyStore } from '../support/memory-key-store';
import {
  MemoryAppStore,
  MemoryDoorbell,
  MemoryRequestStore,
  MemoryRunnerRegistry,
  MemorySecretStore,
} from '../support/memory-stores';

export interface GatewayServer {
  /** `https://localhost:1234`. */
  readonly url: string;
  /** A key of the user `ann`, as clients take it from `FAL_KEY`. */
  readonly key: string;
  /** What clients must trust when the gateway speaks https. */
  readonly caPath: string;
  /** Where everything lies. */
  readonly directory: string;
  /** What went wrong within the gateway. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

export async function startGateway(
  scheme: 'http' | 'https',
  settings: Partial<GatewaySettings> = {},
): Promise<GatewayServer> {
  const directory = await mkdtemp(join(tmpdir(), 'gateway-'));
  const clock: Clock = { now: () => Date.now() };
  const keys = new MemoryKeyStore();
  const errors: string[] = [];
  const gateway = createGateway({
    ...queue(clock),
    ...{ clock, keys },
    apps: new MemoryAppStore(),
    runners: new MemoryRunnerRegistry(),
    secrets: new MemorySecretStore(),
    blobs: await FileBlobStore.open(join(directory, 'blobs')),
    settings: { owner: 'ann', requireKey: true, maxBodyBytes: 1_000_000, ...settings },
    poke: () => undefined,
    pokeForRequest: () => undefined,
    log: { error: (message, error) => void errors.push(`${message}: ${String(error)}`) },
  });
  const certificate = await developmentCertificate(directory);
  const server = createAdaptorServer({
    fetch: gateway.fetch,
    ...(scheme === 'https' && { createServer: createHttpsServer, serverOptions: certificate }),
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    url: `${scheme}://localhost:${(server.address() as AddressInfo).port}`,
    key: await createKey({ keys, clock }, { user: 'ann', scope: 'API', description: 'test' }),
    ...{ caPath: certificate.caPath, directory, errors },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
      await rm(directory, { recursive: true });
    },
  };
}

function queue(clock: Clock) {
  const requests = new MemoryRequestStore();
  return { requests, queue: new RequestQueue({ store: requests, doorbell: new MemoryDoorbell(), clock }) };
}
