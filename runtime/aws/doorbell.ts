import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Doorbell } from '../ports';
import { type QueueMessage, readMessage, RING } from './adopted-message';

export interface SqsDoorbellOptions {
  readonly client: SQSClient;
  /** The URL of an app's queue. */
  readonly queueUrl: (app: string) => string;
  /**
   * Takes in a message that another service sent, before it is deleted. The same message may come twice. When this fails the
   * message comes again, until the queue's redrive policy takes it to the dead-letter queue. Absent where nobody waits.
   */
  readonly adopt?: (app: string, message: QueueMessage & { readonly kind: 'request' }) => Promise<void>;
  readonly log: { error(message: string, error?: unknown): void };
}

/** SQS's limits: messages a call, seconds of one long poll. */
const BATCH = 10;
const LONGEST_POLL_SECONDS = 20;

/**
 * How long a message that was received stays hidden. It is handled within moments; what was received by a poll that had
 * been given up comes back after this.
 */
const HIDDEN_SECONDS = 10;

/**
 * What was handled is deleted in batches, which cost one call each: at the latest after this, long before it would be seen
 * again. Where the process ends before, somebody wakes once more and finds nothing.
 */
const LATEST_DELETION_MS = 3_000;

/** Pauses after a poll that failed, ms, doubling. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;

/**
 * Rings as messages of an SQS queue an app. All who wait in this process share one long poll, which costs one call in
 * 20 s, and the one that came last is woken first.
 */
export class SqsDoorbell implements Doorbell {
  private readonly listeners = new Map<string, Listener>();

  constructor(private readonly options: SqsDoorbellOptions) {}

  /** Never fails: the request it rings for is stored, and the controller rings again for what waits. */
  async ring(app: string, times = 1): Promise<void> {
    for (let left = times; left > 0; left -= BATCH) {
      try {
        await this.send(app, Math.min(left, BATCH));
      } catch (error) {
        this.options.log.error(`The doorbell of ${app} could not be rung`, error);
      }
    }
  }

  wait(app: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    let listener = this.listeners.get(app);
    if (listener === undefined) {
      listener = new Listener(this.options, app);
      this.listeners.set(app, listener);
    }
    return listener.wait(timeoutMs, signal);
  }

  private async send(app: string, count: number): Promise<void> {
    const QueueUrl = this.options.queueUrl(app);
    const Entries = Array.from({ length: count }, (_, index) => ({ Id: String(index), MessageBody: RING }));
    const { Failed = [] } = await this.options.client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    if (Failed.length > 0) throw new Error(`${Failed.length} of ${count} messages: ${Failed[0]?.Message ?? ''}`);
  }
}

interface Waiter {
  readonly until: number;
  readonly end: (woken: boolean) => void;
}

/** Polls the queue of one app for as long as somebody waits. */
class Listener {
  /** In order of arrival. */
  private readonly waiters = new Set<Waiter>();
  private polling: AbortController | undefined;
  /** To be deleted. */
  private handled: Message[] = [];
  private deletion: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: SqsDoorbellOptions,
    private readonly app: string,
  ) {}

  wait(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (woken: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.waiters.delete(waiter);
        resolve(woken);
      };
      const abort = (): void => {
        end(false);
        if (this.waiters.size === 0) this.stop();
      };
      const timer = setTimeout(() => {
        // The poll goes on for its few seconds: ending it could hide a message that is just arriving.
        end(false);
      }, timeoutMs);
      signal?.addEventListener('abort', abort, { once: true });
      const waiter: Waiter = { until: Date.now() + timeoutMs, end };
      this.waiters.add(waiter);
      if (this.polling === undefined) void this.poll();
    });
  }

  private stop(): void {
    this.polling?.abort();
    this.polling = undefined;
  }

  private async poll(): Promise<void> {
    const polling = new AbortController();
    this.polling = polling;
    let pause = FIRST_PAUSE_MS;
    while (this.waiters.size > 0 && !this.isOver(polling)) {
      try {
        await this.handle(await this.receive(polling.signal));
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        if (this.isOver(polling)) return;
        this.options.log.error(`The queue of ${this.app} could not be read`, error);
        await sleep(pause, undefined, { signal: polling.signal }).catch(() => undefined);
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      }
    }
    if (!this.isOver(polling)) this.polling = undefined;
  }

  /** Stopped; another poll may have begun since. */
  private isOver(polling: AbortController): boolean {
    return this.polling !== polling;
  }

  private async receive(abortSignal: AbortSignal): Promise<readonly Message[]> {
    const longest = Math.max(...[...this.waiters].map(({ until }) => until - Date.now()));
    const command = new ReceiveMessageCommand({
      QueueUrl: this.queueUrl,
      MaxNumberOfMessages: Math.min(this.waiters.size, BATCH),
      // At least one second: a short poll asks only some of SQS's servers.
      WaitTimeSeconds: Math.min(Math.max(1, Math.floor(longest / 1000)), LONGEST_POLL_SECONDS),
      VisibilityTimeout: HIDDEN_SECONDS,
      MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
      MessageAttributeNames: ['All'],
    });
    return (await this.options.client.send(command, { abortSignal })).Messages ?? [];
  }

  private async handle(messages: readonly Message[]): Promise<void> {
    const rings = await Promise.all(messages.map((message) => this.takeIn(message)));
    const heard: Message[] = [];
    const unheard: Message[] = [];
    messages.forEach((message, index) => {
      if (rings[index] === 'left') return;
      if (rings[index] === 'done' || this.wake()) heard.push(message);
      else unheard.push(message);
    });
    this.handled.push(...heard);
    await Promise.all([this.removeHandled(), this.giveBack(unheard)]);
  }

  private async removeHandled(): Promise<void> {
    while (this.handled.length >= BATCH) await this.remove(this.handled.splice(0, BATCH));
    if (this.handled.length === 0 || this.deletion !== undefined) return;
    this.deletion = setTimeout(() => {
      this.deletion = undefined;
      this.remove(this.handled.splice(0)).catch((error: unknown) => {
        this.options.log.error(`Messages of ${this.app} could not be deleted and will come again`, error);
      });
    }, LATEST_DELETION_MS).unref();
  }

  /** Wakes who came last. False when nobody waits any more. */
  private wake(): boolean {
    const last = [...this.waiters].at(-1);
    last?.end(true);
    return last !== undefined;
  }

  /** `ring`: somebody is to be woken. `done`: nothing more to do. `left`: it stays for the redrive policy. */
  private async takeIn(message: Message): Promise<'ring' | 'done' | 'left'> {
    const read = readMessage(this.app, message);
    try {
      if (read.kind === 'ring') return 'ring';
      if (read.kind === 'notice') return 'done';
      if (read.kind === 'unusable') throw new Error(read.reason);
      await this.options.adopt?.(this.app, read);
      return 'ring';
    } catch (error) {
      const received = message.Attributes?.ApproximateReceiveCount ?? '1';
      const subject = `Message ${message.MessageId ?? ''} on the queue of ${this.app}`;
      this.options.log.error(`${subject} is no request (received ${received} times)`, error);
      return 'left';
    }
  }

  private async remove(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await this.options.client.send(new DeleteMessageBatchCommand({ QueueUrl: this.queueUrl, Entries }));
  }

  /** For another agent to hear at once. */
  private async giveBack(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    const Entries = messages.map(({ ReceiptHandle }, index) => {
      return { Id: String(index), ReceiptHandle, VisibilityTimeout: 0 };
    });
    await this.options.client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.queueUrl, Entries }));
  }

  private get queueUrl(): string {
    return this.options.queueUrl(this.app);
  }
}
