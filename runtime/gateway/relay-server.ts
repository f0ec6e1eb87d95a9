/**
 * Where runners come for the callers of WebSockets, at the very gateway that has the caller's connection. Gateways leave
 * their own address and a secret for each request; whoever brings the secret is the runner that claimed it.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { CallerSocket, GatewayRelay, RelayAddresses, WebSocketClose } from '../ports';
import { decoded, encoded, LEFT, MAX_FRAME_BYTES } from '../relay-wire';
import { keepAsking, MessageSocket } from '../web-socket';

export interface RelayServerOptions {
  readonly addresses: RelayAddresses;
  /** The address by which runners reach this gateway and no other. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** How often runners are asked whether they are still there, ms. Default 30,000. */
  readonly pingMs?: number;
}

interface Offer {
  readonly caller: CallerSocket;
  readonly secret: Buffer;
  /** The runner that came last. */
  runner?: RunnerConnection;
}

const PING_MS = 30_000;

export class RelayServer implements GatewayRelay {
  private readonly offers = new Map<string, Offer>();
  private readonly connections = new Set<RunnerConnection>();
  private readonly server: Server;
  private readonly handshakes = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_FRAME_BYTES,
  });

  private constructor(private readonly options: RelayServerOptions) {
    this.server = createServer((_request, response) => response.writeHead(404).end());
    this.server.on('upgrade', (request, socket, head) => {
      this.upgrade(request, socket, head);
    });
  }

  /** On all of this machine's addresses, of which runners know one. */
  static async start(options: RelayServerOptions): Promise<RelayServer> {
    const started = new RelayServer(options);
    await new Promise<void>((resolve, reject) => {
      started.server.once('error', reject);
      started.server.listen(options.port, resolve);
    });
    return started;
  }

  /** `ws://10.0.1.5:8081` */
  get url(): string {
    return `ws://${this.options.host}:${(this.server.address() as AddressInfo).port}`;
  }

  async offer(request: string, caller: CallerSocket): Promise<void> {
    const secret = randomBytes(32).toString('base64url');
    this.offers.set(request, { caller, secret: digest(secret) });
    await this.options.addresses.put(request, { url: this.url, secret });
  }

  async withdraw(request: string): Promise<void> {
    this.offers.delete(request);
    await this.options.addresses.remove(request);
  }

  /** Breaks off what is still open. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const connection of this.connections) connection.breakOff();
    this.server.closeAllConnections();
    await closed;
  }

  /** A connection to `/<request>` that asks to become a WebSocket. */
  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const offer = this.offers.get((request.url ?? '/').slice(1));
    if (offer === undefined) {
      refuse(socket, 404);
      return;
    }
    if (!provesItself(request, offer)) {
      refuse(socket, 403);
      return;
    }
    if (offer.runner?.begun === true) {
      refuse(socket, 409);
      return;
    }
    this.handshakes.handleUpgrade(request, socket, head, (webSocket) => {
      this.connect(offer, webSocket);
    });
  }

  private connect(offer: Offer, webSocket: WebSocket): void {
    keepAsking(webSocket, this.options.pingMs ?? PING_MS);
    // Of two runners the later one has the request: the first has lost its lease.
    offer.runner?.breakOff();
    const connection = new RunnerConnection(offer.caller, new MessageSocket(webSocket));
    offer.runner = connection;
    this.connections.add(connection);
    void connection.run().finally(() => this.connections.delete(connection));
  }
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function provesItself({ headers }: IncomingMessage, { secret }: Offer): boolean {
  return timingSafeEqual(digest(headers.authorization?.replace(/^Bearer /, '') ?? ''), secret);
}

/** Digests have one length, whatever was sent, and can be compared in constant time. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Service Restart: who connects again finds another runner. */
const RUNNER_GONE: WebSocketClose = { code: 1012, reason: 'The runner is gone: connect again' };
const BROKEN_OFF: WebSocketClose = { code: 1006, reason: '' };

/** A caller connected with the runner that serves it. */
class RunnerConnection {
  #begun = false;

  constructor(
    private readonly caller: CallerSocket,
    private readonly runner: MessageSocket,
  ) {}

  /** Whether messages are passed between the two: from then on no other runner can take the caller over. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Until the runner has gone. Never rejects. */
  async run(): Promise<void> {
    void this.caller.closed.then((end) => {
      if (!this.#begun) void this.tell(end);
    });
    try {
      for await (const received of this.runner.messages()) await this.obey(decoded(received));
    } catch {
      this.breakOff();
    }
    const { code } = await this.runner.closed;
    // Nobody else can go on with what has begun.
    if (this.#begun && code !== LEFT) await this.caller.close(RUNNER_GONE);
  }

  breakOff(): void {
    this.runner.close(BROKEN_OFF);
  }

  private async obey(frame: ReturnType<typeof decoded>): Promise<void> {
    switch (frame.kind) {
      case 'message':
        return this.caller.send(frame.message);
      case 'accept':
        return this.accept(frame.protocol);
      case 'refuse':
        await this.caller.refuse(frame.answer);
        return this.tell(DONE);
      case 'close':
        await this.caller.close(frame.end);
        return this.tell(frame.end);
      case 'closed':
        throw new Error('Only a gateway says that its caller has gone');
    }
  }

  private async accept(protocol?: string): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    await this.caller.accept(protocol);
    void this.carry();
  }

  /** Everything that the caller says, and then that it has gone. */
  private async carry(): Promise<void> {
    for await (const message of this.caller.messages()) await this.runner.send(encoded({ kind: 'message', message }));
    await this.tell(await this.caller.closed);
  }

  private tell(end: WebSocketClose): Promise<void> {
    return this.runner.send(encoded({ kind: 'closed', end }));
  }
}

const DONE: WebSocketClose = { code: 1000, reason: '' };
