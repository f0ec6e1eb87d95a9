/** Sends the webhooks of finished requests. The schedule and the body are in `domain/webhook.ts`. */
import { Agent, request } from 'undici';
import { webhookAttempted, webhookDueAt, type RequestHead } from '../domain/request';
import { deliveryTimeout, judgeStatus, nextDelivery, webhookBody, type DeliveryResult } from '../domain/webhook';
import type { BlobStore, Body, Clock, RequestStore, SecretStore } from '../ports';
import { signatureHeaders, signingKey } from '../webhook-signature';
import { namesPrivateAddress, PrivateAddressError, publicLookup } from './public-address';

export interface WebhookDeliveryDependencies {
  readonly requests: RequestStore;
  readonly blobs: Pick<BlobStore, 'get' | 'info'>;
  readonly secrets: SecretStore;
  readonly clock: Clock;
  /** Told when a delivery could not be tried or recorded; it stays due. A receiver's failure is no error. */
  readonly onError: (error: unknown, doing: string) => void;
  /**
   * Whether webhooks may go to loopback and private networks. True on one machine, where the receiver is the user's own;
   * false where others' requests could reach what only the platform can.
   */
  readonly allowPrivateWebhooks: boolean;
  /** Deliveries at a time, 32 unless given. */
  readonly concurrency?: number;
}

/** A result above this goes out as `payload_error`: receivers commonly refuse bodies that large. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** How much of a receiver's answer is read before the connection is given up: its status says everything. */
const MAX_ANSWER_BYTES = 64 * 1024;

export class WebhookDelivery {
  private readonly running = new Map<string, Promise<void>>();
  private readonly agent: Agent;
  private closed = false;

  constructor(private readonly dependencies: WebhookDeliveryDependencies) {
    this.agent = new Agent(dependencies.allowPrivateWebhooks ? {} : { connect: { lookup: publicLookup } });
  }

  /** Starts the deliveries that are due and have a free place. It does not wait for the receivers. */
  async deliverDue(): Promise<void> {
    const { requests, clock, concurrency = 32 } = this.dependencies;
    if (this.closed || this.running.size >= concurrency) return;
    const limit = concurrency + this.running.size;
    const due = await requests.webhooksDue(clock.now(), limit);
    const startable = due.filter((head) => !this.running.has(head.id));
    const more = due.length === limit;
    for (const { id } of startable) {
      if (this.running.size < concurrency) this.start(id, more);
    }
  }

  /** Resolves when no delivery runs. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  /** Starts no more deliveries and breaks off those that run; they stay due. */
  async close(): Promise<void> {
    this.closed = true;
    await this.agent.destroy();
    await this.settled();
  }

  /** A place that gets free is taken at once while there may be more that are due than have places. */
  private start(id: string, more: boolean): void {
    const delivery = this.tryDeliver(id).then(async () => {
      this.running.delete(id);
      if (more) await this.deliverDue();
    });
    this.running.set(
      id,
      delivery.catch((error: unknown) => {
        this.dependencies.onError(error, 'listing due webhooks');
      }),
    );
  }

  private async tryDeliver(id: string): Promise<void> {
    try {
      await this.deliver(id);
    } catch (error) {
      this.dependencies.onError(error, `sending the webhook of ${id}`);
    }
  }

  private async deliver(id: string): Promise<void> {
    const { requests, clock } = this.dependencies;
    // The listing may be older than the end of a delivery of the same webhook.
    const head = await requests.get(id);
    if (head?.webhook === undefined || (webhookDueAt(head) ?? Infinity) > clock.now()) return;
    const { url, attempts } = head.webhook;
    const body = Buffer.from(JSON.stringify(webhookBody(head, await this.responseText(id))));
    const result = await this.post(url, head, body, deliveryTimeout(attempts));
    if (this.closed && !result.delivered) return;
    await this.record(id, result, nextDelivery(attempts, result, clock.now()));
  }

  private async record(id: string, result: DeliveryResult, retryAt: number | undefined): Promise<void> {
    const { requests } = this.dependencies;
    const attempt = {
      delivered: result.delivered,
      ...(retryAt === undefined ? {} : { retryAt }),
      ...(result.delivered ? {} : { error: result.error }),
    };
    for (;;) {
      const head = await requests.get(id);
      const next = head && webhookAttempted(head, attempt);
      if (next === undefined || (await requests.replace(next))) return;
    }
  }

  private async post(url: string, head: RequestHead, body: Buffer, timeoutMs: number): Promise<DeliveryResult> {
    const { secrets, clock } = this.dependencies;
    const refused = this.refusal(url);
    if (refused !== undefined) return { delivered: false, permanent: true, error: refused };
    const key = await signingKey(secrets);
    const signature = signatureHeaders(key, { requestId: head.id, user: head.caller, body, now: clock.now() });
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      // undici follows no redirect unless told to.
      const answer = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signature },
        body,
        dispatcher: this.agent,
        signal,
        headersTimeout: timeoutMs,
      });
      await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal }).catch(() => undefined);
      return judgeStatus(answer.statusCode);
    } catch (error) {
      return { delivered: false, permanent: error instanceof PrivateAddressError, error: failure(error, timeoutMs) };
    }
  }

  /** Why nothing may ever be sent to this URL. */
  private refusal(url: string): string | undefined {
    if (!URL.canParse(url)) return 'The webhook is not a URL';
    const target = new URL(url);
    if (target.protocol !== 'http:' && target.protocol !== 'https:') return 'A webhook must be an http or https URL';
    if (this.dependencies.allowPrivateWebhooks || !namesPrivateAddress(target)) return undefined;
    return `${target.hostname} is not a public address`;
  }

  private async responseText(id: string): Promise<string | undefined> {
    const body = (await this.dependencies.requests.response(id))?.body;
    const bytes = body && (await this.read(body));
    return bytes && new TextDecoder().decode(bytes);
  }

  private async read(body: Body): Promise<Uint8Array | undefined> {
    if ('bytes' in body) return body.bytes.length > MAX_PAYLOAD_BYTES ? undefined : body.bytes;
    const { blobs } = this.dependencies;
    if (((await blobs.info(body.blob))?.size ?? Infinity) > MAX_PAYLOAD_BYTES) return undefined;
    const blob = await blobs.get(body.blob);
    if (blob === undefined) return undefined;
    const chunks: Uint8Array[] = [];
    for await (const chunk of blob.body) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
}

function failure(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `The receiver took more than ${timeoutMs / 1000} s`;
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
