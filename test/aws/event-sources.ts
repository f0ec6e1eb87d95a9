/** Calls a function as EventBridge and Lambda's event source mapping would: by a rule, and with the messages of a queue. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs';
import type { LambdaProcess } from './lambda-process';

export interface EventSourcesOptions {
  readonly lambda: LambdaProcess;
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  /** AWS fires the rule every minute; tests need not wait that long. */
  readonly ruleIntervalMs: number;
  readonly onError: (error: unknown) => void;
}

export class EventSources {
  readonly #stopping = new AbortController();
  readonly #ended: Promise<unknown>;

  constructor(private readonly options: EventSourcesOptions) {
    this.#ended = Promise.all([this.deliverMessages(), this.fireRule()]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  private stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  private async fireRule(): Promise<void> {
    while (!this.stopped()) {
      await this.call({
        'detail-type': 'Scheduled Event',
        source: 'aws.events',
        time: new Date().toISOString(),
        detail: {},
      });
      await this.pause(this.options.ruleIntervalMs);
    }
  }

  private async deliverMessages(): Promise<void> {
    const { sqs, queueUrl } = this.options;
    while (!this.stopped()) {
      try {
        const receive = new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
        const { Messages: messages = [] } = await sqs.send(receive, { abortSignal: this.#stopping.signal });
        if (messages.length > 0) await this.deliver(messages);
      } catch (error) {
        if (this.stopped()) return;
        this.options.onError(error);
        await this.pause(1_000);
      }
    }
  }

  /** Messages whose batch failed come again once their visibility timeout has passed. */
  private async deliver(messages: readonly Message[]): Promise<void> {
    const { sqs, queueUrl, queueArn } = this.options;
    const records = messages.map(({ MessageId, ReceiptHandle, Body, Attributes }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: Attributes ?? {},
      messageAttributes: {},
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
    }));
    const result = await this.call({ Records: records });
    if (result === FAILED) return;
    const reported =
      (result as { batchItemFailures?: readonly { itemIdentifier: string }[] } | null)?.batchItemFailures ?? [];
    const failed = new Set(reported.map(({ itemIdentifier }) => itemIdentifier));
    const done = messages.filter(({ MessageId }) => !failed.has(MessageId ?? ''));
    if (done.length === 0) return;
    const Entries = done.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }

  private async call(event: unknown): Promise<unknown> {
    try {
      return await this.options.lambda.invoke(event);
    } catch (error) {
      this.options.onError(error);
      return FAILED;
    }
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

const FAILED = Symbol('failed');
