/** A receiver of webhooks that verifies them as fal's documentation asks receivers to. */
import { createHash, createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedWebhook {
  readonly body: { readonly request_id: string; readonly status: string; readonly [name: string]: unknown };
  /** The signature is of one of the published keys, over exactly these bytes, and not old. */
  readonly verified: boolean;
}

/** How far the clocks of sender and receiver may be apart, in seconds. */
const TOLERANCE_S = 300;

export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  /** The statuses of the next answers; 200 when there is none. */
  readonly answers: number[] = [];
  private readonly server: Server;
  /** Kept, as receivers may for a day. */
  private keys: readonly JsonWebKey[] | undefined;

  /** `keySet`: the address of the JWKS, asked for when the first webhook has come. */
  constructor(private readonly keySet: () => string) {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.receive(request.headers, Buffer.concat(chunks)).then(
          () => response.writeHead(this.answers.shift() ?? 200).end(),
          // The keys could not be had: a platform that was killed comes back.
          () => response.writeHead(500).end(),
        );
      });
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/webhook`;
  }

  of(requestId: string): readonly ReceivedWebhook[] {
    return this.received.filter(({ body }) => body.request_id === requestId);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async receive(headers: IncomingHttpHeaders, body: Buffer): Promise<void> {
    const verified = await this.verify(headers, body);
    this.received.push({ body: JSON.parse(body.toString()) as ReceivedWebhook['body'], verified });
  }

  private async verify(headers: IncomingHttpHeaders, body: Buffer): Promise<boolean> {
    const [id, user, timestamp, signature] = ['request-id', 'user-id', 'timestamp', 'signature'].map(
      (name) => headers[`x-fal-webhook-${name}`],
    );
    if (typeof timestamp !== 'string' || typeof signature !== 'string') return false;
    if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_S) return false;
    const hash = createHash('sha256').update(body).digest('hex');
    const message = Buffer.from([id, user, timestamp, hash].join('\n'));
    this.keys ??= ((await (await fetch(this.keySet())).json()) as { keys: JsonWebKey[] }).keys;
    return this.keys.some((key) =>
      verify(null, message, createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'hex')),
    );
  }
}
