import { createHash, createPublicKey, verify } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebhookDelivery, type WebhookDeliveryDependencies } from '../../../runtime/controller/webhook-delivery';
import { jwks } from '../../../runtime/webhook-signature';
import type { RequestHead } from '../../../runtime/domain/request';
import { WEBHOOK_RETRIES } from '../../../runtime/domain/webhook';
import type { StoredResponse } from '../../../runtime/ports';
import { RequestQueue } from '../../../runtime/queue/request-queue';
import { MemoryBlobStore } from '../../support/memory-blob-store';
import { ManualClock, MemoryDoorbell, MemoryRequestStore, MemorySecretStore } from '../../support/memory-stores';
import { APP } from '../../support/records';

const HOUR = 3_600_000;

describe('a webhook', () => {
  it('brings the answer of the app to the receiver, once', async () => {
    await using world = await World.start();
    const id = await world.finish({ response: json('{"text":"hello"}') });
    await world.deliver();
    await world.deliver();
    expect(world.received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { request_id: id, gateway_request_id: id, status: 'OK', payload: { text: 'hello' } },
    ]);
    expect(world.received[0]?.headers['content-type']).toBe('application/json');
    expect((await world.head(id)).webhook).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  it('carries a signature that verifies with the published key', async () => {
    await using world = await World.start();
    await world.finish({ caller: 'user-7', response: json('{"a":1}') });
    await world.deliver();
    const [{ headers, body } = NOTHING] = world.received;
    const signed = ['request-id', 'user-id', 'timestamp'].map((name) => headers[`x-fal-webhook-${name}`]);
    const message = [...signed, createHash('sha256').update(body).digest('hex')].join('\n');
    const signature = Buffer.from(String(headers['x-fal-webhook-signature']), 'hex');
    const [key] = (await jwks(world.secrets)).keys;
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key?.x ?? '' }, format: 'jwk' });
    expect(verify(null, Buffer.from(message), publicKey, signature)).toBe(true);
    expect(signed).toEqual([expect.any(String), 'user-7', String(Math.floor(world.clock.now() / 1000))]);
  });

  it('brings an answer that was stored as a blob', async () => {
    await using world = await World.start();
    await world.blobs.put('results/1', chunks('{"lar', 'ge":true}'), 'application/json');
    await world.finish({ response: { status: 200, headers: {}, body: { blob: 'results/1' } } });
    await world.deliver();
    expect(JSON.parse(world.received[0]?.body ?? '')).toMatchObject({ status: 'OK', payload: { large: true } });
  });

  it('is sent again later while the receiver fails, and given up in the end', async () => {
    await using world = await World.start((_request, response) => response.writeHead(500).end());
    const id = await world.finish();
    await world.deliver();
    expect((await world.head(id)).webhook).toMatchObject({ state: 'pending', lastError: 'The receiver answered 500' });
    await world.deliver();
    expect(world.received).toHaveLength(1);
    for (let retry = 0; retry <= WEBHOOK_RETRIES; retry++) {
      world.clock.advance(HOUR);
      await world.deliver();
    }
    expect(world.received).toHaveLength(1 + WEBHOOK_RETRIES);
    expect((await world.head(id)).webhook).toMatchObject({ state: 'failed', attempts: 1 + WEBHOOK_RETRIES });
  });

  it('is given up at a redirect, which is not followed', async () => {
    await using world = await World.start((_request, response) =>
      response.writeHead(302, { location: '/other' }).end(),
    );
    const id = await world.finish();
    await world.deliver();
    expect(world.received.map(({ path }) => path)).toEqual(['/hook']);
    expect((await world.head(id)).webhook).toMatchObject({ state: 'failed', attempts: 1 });
  });

  it('counts as delivered by its status, however much the receiver goes on to say', async () => {
    await using world = await World.start((_request, response) => {
      response.writeHead(200);
      const talk = (): boolean => response.destroyed || response.write('x'.repeat(65_536), () => talk());
      talk();
    });
    const id = await world.finish();
    await world.deliver();
    expect((await world.head(id)).webhook).toMatchObject({ state: 'delivered' });
  });

  it('is sent again when the connection breaks', async () => {
    await using world = await World.start((request) => request.socket.destroy());
    const id = await world.finish();
    await world.deliver();
    const { webhook } = await world.head(id);
    expect(webhook).toMatchObject({ state: 'pending', attempts: 1 });
    expect(webhook?.lastError).not.toBe('');
  });

  it('is never on its way twice at once', async () => {
    let arrived: () => void = () => undefined;
    let answer: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    await using world = await World.start((_request, response) => {
      answer = () => response.end();
      arrived();
    });
    await world.finish();
    await world.delivery.deliverDue();
    await arrival;
    await world.delivery.deliverDue();
    await world.delivery.deliverDue();
    answer();
    await world.delivery.settled();
    expect(world.received).toHaveLength(1);
  });

  it('waits for a free place, and takes it as soon as there is one', async () => {
    await using world = await World.start(undefined, { concurrency: 2 });
    const ids = [];
    for (let count = 0; count < 7; count++) ids.push(await world.finish());
    await world.deliver();
    expect(world.mostAtOnce).toBeLessThanOrEqual(2);
    expect(world.received.map(({ body }) => (JSON.parse(body) as { request_id: string }).request_id).sort()).toEqual(
      ids,
    );
  });

  it.each(['file:///etc/passwd', 'not a url'])('is refused for good when it has no web address: %s', async (url) => {
    await using world = await World.start();
    const id = await world.finish({ url });
    await world.deliver();
    expect((await world.head(id)).webhook).toMatchObject({ state: 'failed', attempts: 1 });
  });

  it.each(['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]'])(
    'never reaches %s where private targets are not allowed',
    async (host) => {
      await using world = await World.start(undefined, { allowPrivateWebhooks: false });
      const id = await world.finish({ url: `http://${host}:${world.port}/hook` });
      await world.deliver();
      expect(world.received).toEqual([]);
      const { webhook } = await world.head(id);
      expect(webhook?.state).toBe('failed');
      expect(webhook?.lastError).toContain('not a public address');
    },
  );

  it('stays due when its delivery is broken off', async () => {
    let arrived: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    await using world = await World.start(arrived);
    const id = await world.finish();
    await world.delivery.deliverDue();
    await arrival;
    await world.delivery.close();
    expect((await world.head(id)).webhook).toMatchObject({ state: 'pending', attempts: 0 });
  });

  it('stays due when the store fails', async () => {
    await using world = await World.start();
    const id = await world.finish();
    const response = world.requests.response.bind(world.requests);
    world.requests.response = () => Promise.reject(new Error('unreadable'));
    await world.deliver();
    expect(world.errors).toEqual([`sending the webhook of ${id}: Error: unreadable`]);
    world.requests.response = response;
    await world.deliver();
    expect(world.received).toHaveLength(1);
  });
});

/** What the receiver has when nothing came. */
const NOTHING: Delivered = { path: '', headers: {}, body: '' };

interface Delivered {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Receiver = (request: IncomingMessage, response: ServerResponse) => void;

interface Finished {
  readonly url?: string;
  readonly caller?: string;
  readonly response?: StoredResponse;
}

/** Finished requests, and a receiver of their webhooks on loopback. */
class World implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly requests = new MemoryRequestStore();
  readonly secrets = new MemorySecretStore();
  readonly blobs = new MemoryBlobStore();
  readonly errors: string[] = [];
  readonly received: Delivered[] = [];
  readonly delivery: WebhookDelivery;
  mostAtOnce = 0;
  private atOnce = 0;
  private finished = 0;
  private readonly queue = new RequestQueue({
    store: this.requests,
    doorbell: new MemoryDoorbell(),
    clock: this.clock,
  });

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    dependencies: Partial<WebhookDeliveryDependencies>,
  ) {
    this.delivery = new WebhookDelivery({
      requests: this.requests,
      secrets: this.secrets,
      blobs: this.blobs,
      clock: this.clock,
      allowPrivateWebhooks: true,
      onError: (error, doing) => this.errors.push(`${doing}: ${String(error)}`),
      ...dependencies,
    });
  }

  static async start(
    receive: Receiver = (_request, response) => response.end(),
    dependencies: Partial<WebhookDeliveryDependencies> = {},
  ): Promise<World> {
    const server = createServer();
    const world = new World(server, dependencies);
    server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void world.note(request, response, receive),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return world;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** A request that has just ended; returns its id. */
  async finish({
    url = `http://127.0.0.1:${this.port}/hook`,
    caller = '',
    response = json('{}'),
  }: Finished = {}): Promise<string> {
    const id = `request-${this.finished++}`;
    const input = { method: 'POST', target: '/', headers: {}, body: { bytes: new Uint8Array() } };
    const request = { id, app: APP, path: '/', mode: 'queue', priority: 'normal', retry: {} } as const;
    await this.queue.submit({ ...request, caller, submittedAt: this.clock.now(), webhookUrl: url }, input);
    await this.queue.claim(APP, 'runner');
    await this.queue.complete(id, { runner: 'runner', attempt: 1 }, { status: response.status }, response);
    return id;
  }

  async deliver(): Promise<void> {
    await this.delivery.deliverDue();
    await this.delivery.settled();
  }

  async head(id: string): Promise<RequestHead> {
    const head = await this.requests.get(id);
    if (head === undefined) throw new Error(`There is no request ${id}`);
    return head;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.delivery.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async note(request: IncomingMessage, response: ServerResponse, receive: Receiver): Promise<void> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    response.on('close', () => (this.atOnce -= 1));
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    this.received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(body).toString() });
    receive(request, response);
  }
}

function json(text: string): StoredResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: { bytes: Buffer.from(text) } };
}

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
