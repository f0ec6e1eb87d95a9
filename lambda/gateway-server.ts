/** The gateway as a server behind a load balancer. */
import { getRequestListener } from '@hono/node-server';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GATEWAY_CONTAINER } from '../runtime/aws-layout';
import { OutOfTime } from '../runtime/gateway/out-of-time';
import { onUpgrade, type WebSocketTaker } from '../runtime/gateway/upgrades';

export interface GatewayServerOptions {
  readonly answer: (request: Request) => Promise<Response>;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Takes over connections that ask for a WebSocket; they are not this server's any more, and closed by whom they are. */
  readonly webSockets: WebSocketTaker;
}

/**
 * An idle connection outlives the load balancer's patience, 4,000 s at most: else the balancer may send a request on a
 * connection that is just being closed, and answer it with 502.
 */
const KEEP_ALIVE_MS = 4_060_000;

/** An answer made when the server closes still has to be sent. */
const LAST_ANSWERS_MS = 2_000;

export class GatewayServer {
  private readonly closing = new AbortController();
  private readonly server: Server;

  private constructor(options: GatewayServerOptions) {
    const listener = getRequestListener((request) => this.answer(request, options.answer));
    // Uploads and waiting callers take as long as they take.
    this.server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (request, response) => {
      this.listen(request, response, listener);
    });
    this.server.on('upgrade', onUpgrade(options.webSockets, this.server));
  }

  static async start(options: GatewayServerOptions): Promise<GatewayServer> {
    const started = new GatewayServer(options);
    await new Promise<void>((resolve, reject) => {
      started.server.once('error', reject);
      started.server.listen(options.port, resolve);
    });
    return started;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /**
   * Takes no new connections: ECS takes a container off its load balancer before it stops it. Calls in progress have
   * `graceMs`; those that wait for an app even then are cancelled and answered 504. Resolves when WebSockets have ended, too.
   */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeIdleConnections();
    const timers = [
      setTimeout(() => {
        this.closing.abort(new OutOfTime('The gateway is being replaced'));
      }, graceMs),
      setTimeout(() => {
        this.server.closeAllConnections();
      }, graceMs + LAST_ANSWERS_MS),
    ];
    await closed;
    timers.forEach(clearTimeout);
  }

  private listen(
    request: IncomingMessage,
    response: ServerResponse,
    listener: ReturnType<typeof getRequestListener>,
  ): void {
    if (request.url === GATEWAY_CONTAINER.healthPath) {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('healthy');
      return;
    }
    response.once('close', () => {
      if (this.server.listening) return;
      // Where the answer began before the server closed, its connection would be kept.
      setImmediate(() => {
        this.server.closeIdleConnections();
      });
    });
    void listener(request, response);
  }

  private answer(request: Request, answer: GatewayServerOptions['answer']): Promise<Response> {
    const signal = AbortSignal.any([request.signal, this.closing.signal]);
    return answer(new Request(request, { signal }));
  }
}
