/** A gateway on ports in memory, with a fake agent in place of runners. */
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import type { AddressInfo } from 'node:net';
import { parseAppSpec, type AppSpec } from '../../../runtime/domain/app-spec';
import type { Fence, Outcome, RequestHead } from '../../../runtime/domain/request';
import type { GatewaySettings } from '../../../runtime/gateway/dependencies';
import { createGateway } from '../../../runtime/gateway/gateway';
import { createKey } from '../../../runtime/gateway/keys';
import type { ApiKey, RequestEvent, RequestInput, StoredResponse } from '../../../runtime/ports';
import { RequestQueue } from '../../../runtime/queue/request-queue';
import { MemoryBlobStore } from '../../support/memory-blob-store';
import { MemoryKeyStore } from '../../support/memory-key-store';
import {
  ManualClock,
  MemoryAppStore,
  MemoryDoorbell,
  MemoryRequestStore,
  MemoryRunnerRegistry,
  MemorySecretStore,
} from '../../support/memory-stores';

export const APP = 'local/echo';
export const UNKNOWN_ID = '01890000-0000-7000-8000-000000000000';

export class TestPlatform {
  readonly requests = new MemoryRequestStore();
  readonly doorbell = new MemoryDoorbell();
  readonly clock = new ManualClock();
  readonly apps = new MemoryAppStore();
  readonly blobs = new MemoryBlobStore();
  readonly keys = new MemoryKeyStore();
  readonly secrets = new MemorySecretStore();
  readonly runners = new MemoryRunnerRegistry();
  readonly queue = new RequestQueue({ store: this.requests, doorbell: this.doorbell, clock: this.clock });
  readonly poked: string[] = [];
  readonly errors: string[] = [];
  readonly gateway: Hono;
  private readonly ending: (() => Promise<void> | void)[] = [];

  constructor(settings: Partial<GatewaySettings> = {}) {
    const { requests, queue, apps, blobs, keys, secrets, runners, clock } = this;
    this.gateway = createGateway({
      ...{ requests, queue, apps, blobs, keys, secrets, runners, clock },
      settings: { owner: 'local', requireKey: false, maxBodyBytes: 1_000_000, ...settings },
      poke: (app) => void this.poked.push(app),
      pokeForRequest: ({ id }) => void this.poked.push(id),
      log: { error: (message, error) => void this.errors.push(`${message}: ${String(error)}`) },
    });
  }

  async addApp(id: string = APP, settings: Partial<AppSpec> = {}): Promise<void> {
    const spec = { ...parseAppSpec({ name: id.split('/').at(-1) }), ...settings };
    await this.apps.put({ id, spec, revision: '1', deployedAt: this.clock.now() });
  }

  /** The `Authorization` header of a new key. */
  async authorization(user: string, scope: ApiKey['scope'] = 'API'): Promise<string> {
    return `Key ${await createKey(this, { user, scope, description: 'test' })}`;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return this.gateway.request(path.startsWith('http') ? path : `http://localhost:8000${path}`, init);
  }

  async post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  /** Submits to the queue and returns the id. */
  async submit(path = `/queue/${APP}`, body: unknown = {}, headers: Record<string, string> = {}): Promise<string> {
    const response = await this.post(path, body, headers);
    const submitted = (await response.json()) as { request_id: string };
    if (response.status !== 200) throw new Error(JSON.stringify(submitted));
    return submitted.request_id;
  }

  /** Claims the next request, as a runner does. */
  async claim(runner = 'runner-1', app: string = APP): Promise<Claim> {
    const head = await this.queue.claim(app, runner);
    if (head === undefined) throw new Error('Nothing to claim');
    const input = await this.requests.input(head.id);
    if (input === undefined) throw new Error('The request has no input');
    return new Claim(this, head, input);
  }

  /** Answers all requests of an app with `handler`, until the test ends. */
  runAgent(handler: (claim: Claim) => Promise<void>, app: string = APP): void {
    const ending = new AbortController();
    const running = this.serveRequests(handler, app, ending.signal);
    this.ending.push(async () => {
      ending.abort();
      await running;
    });
  }

  /** Listens on a port of the system's choice; returns the origin. */
  async listen(): Promise<string> {
    const server = serve({ fetch: this.gateway.fetch, port: 0, hostname: '127.0.0.1' });
    this.ending.push(async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      // Clients keep connections open for a while that they may never use again.
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    });
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async end(): Promise<void> {
    for (const end of this.ending.splice(0).reverse()) await end();
  }

  private async serveRequests(
    handler: (claim: Claim) => Promise<void>,
    app: string,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const head = await this.queue.claim(app, 'agent');
      if (head === undefined) await this.doorbell.wait(app, 1_000, signal);
      else void handler(new Claim(this, head, (await this.requests.input(head.id))!));
    }
  }
}

/** A request in the hands of a runner. */
export class Claim {
  private written = 0;

  constructor(
    private readonly platform: TestPlatform,
    readonly head: RequestHead,
    readonly input: RequestInput,
  ) {}

  get text(): string {
    return 'bytes' in this.input.body ? Buffer.from(this.input.body.bytes).toString() : '';
  }

  async log(...messages: readonly string[]): Promise<void> {
    const at = this.platform.clock.now();
    await this.append(messages.map((message) => ({ kind: 'log', at, level: 'STDOUT', message }) as const));
  }

  async begin(headers: Record<string, string>, status = 200): Promise<void> {
    await this.append([{ kind: 'response', at: this.platform.clock.now(), status, headers }]);
  }

  async send(...chunks: readonly string[]): Promise<void> {
    const at = this.platform.clock.now();
    await this.append(chunks.map((text) => ({ kind: 'chunk', at, bytes: Buffer.from(text) }) as const));
  }

  async answer(status: number, body: unknown, headers: Record<string, string> = {}): Promise<void> {
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const contentType = typeof body === 'string' ? 'text/plain' : 'application/json';
    await this.complete({ status }, { status, headers: { 'content-type': contentType, ...headers }, body: { bytes } });
  }

  async complete(outcome: Outcome, response?: StoredResponse): Promise<void> {
    const fence: Fence = { runner: this.head.lease?.runner ?? '', attempt: this.head.attempt };
    await this.platform.queue.complete(this.head.id, fence, outcome, response);
  }

  private async append(events: readonly RequestEvent[]): Promise<void> {
    await this.platform.requests.appendEvents(this.head.id, this.head.attempt, this.written, events);
    this.written += events.length;
  }
}

/** Waits until `condition` holds; a test whose condition never does fails by its own time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
