/** One attempt at a request: its input goes to the app, the app's answer into the store. */
import { errors } from 'undici';
import type { AppRecord } from '../domain/app';
import type { Fence, Outcome, RequestHead } from '../domain/request';
import type { RetryCondition } from '../domain/retry';
import type { BlobStore, Body, Clock, Headers, RequestInput, RequestStore, StoredResponse } from '../ports';
import type { RequestQueue } from '../queue/request-queue';
import type { AppAnswer, AppClient } from './app-client';
import { AttemptLog } from './attempt-log';
import { callerHeaders, judge } from './verdict';

export interface AttemptDependencies {
  readonly queue: RequestQueue;
  readonly requests: RequestStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly client: AppClient;
  readonly app: AppRecord;
  readonly runner: string;
  /** How often the lease is renewed and a cancellation looked for, ms. */
  readonly heartbeatMs: number;
}

/** Why an attempt is broken off from outside. */
export type Interruption =
  /** The app's process ended. */
  | { readonly kind: 'crashed'; readonly reason: string }
  /** The runner leaves; the request goes to another one, no attempt charged. */
  | { readonly kind: 'handed back' };

type Stop = Interruption | { readonly kind: 'timeout' } | { readonly kind: 'lease lost' };

/** What the attempt says about the runner; `lost`: the connection to the app failed. */
export interface AttemptEnd {
  readonly runner: 'keep' | 'check' | 'stop' | 'lost';
  readonly reason?: string;
  /** Runner hints the app advertised with its answer. */
  readonly hints?: readonly string[];
}

/** Answers up to this size are kept inline with the request, larger ones in the blob store. */
const INLINE_BYTES = 256 * 1024;

export class Attempt {
  readonly #controller = new AbortController();
  readonly #log: AttemptLog;
  readonly #fence: Fence;
  #stop: Stop | undefined;
  #cancelSent = false;

  constructor(
    private readonly dependencies: AttemptDependencies,
    private readonly head: RequestHead,
  ) {
    this.#fence = { runner: dependencies.runner, attempt: head.attempt };
    this.#log = new AttemptLog(dependencies.requests, head.id, head.attempt);
  }

  get requestId(): string {
    return this.head.id;
  }

  /** Adds a line of the app's output to the request's log. */
  line(level: string, message: string): void {
    this.#log.line(this.dependencies.clock.now(), level, message);
  }

  /** Breaks the attempt off. */
  interrupt(stop: Interruption): void {
    this.stop(stop);
  }

  /** Runs to the end of the attempt, whatever that is. */
  async run(): Promise<AttemptEnd> {
    const { app, heartbeatMs } = this.dependencies;
    const renewal = setInterval(() => void this.renew(), heartbeatMs);
    const limit = setTimeout(() => {
      this.stop({ kind: 'timeout' });
    }, app.spec.request_timeout * 1000);
    try {
      return await this.exchange();
    } finally {
      clearInterval(renewal);
      clearTimeout(limit);
    }
  }

  private async exchange(): Promise<AttemptEnd> {
    const { requests, client, clock } = this.dependencies;
    const input = await requests.input(this.head.id);
    if (input === undefined) {
      return this.finish({ ...INTERNAL_ERROR, error: 'The input of the request is gone' }, undefined, {
        runner: 'keep',
      });
    }
    const startedAt = clock.now();
    let answer: AppAnswer | undefined;
    let response: StoredResponse;
    try {
      answer = await client.call({ ...input, body: await this.bodyOf(input) }, this.#controller.signal);
      response = await this.receive(answer);
    } catch (error) {
      return this.failed(error, answer !== undefined, (clock.now() - startedAt) / 1000);
    }
    return this.answered(answer, response, (clock.now() - startedAt) / 1000);
  }

  /** Takes the app's answer in, passing on the pieces of a streamed one as they come. */
  private async receive(answer: AppAnswer): Promise<StoredResponse> {
    const headers: Headers = { ...callerHeaders(answer.headers), 'x-fal-served-from': this.dependencies.runner };
    const status = answer.statusCode;
    const length = Number(answer.headers['content-length'] ?? NaN);
    if (length <= INLINE_BYTES) return { status, headers, body: { bytes: await answer.body.bytes() } };
    if (Number.isNaN(length)) {
      this.#log.append({ kind: 'response', at: this.dependencies.clock.now(), status, headers });
    }
    const pieces = Number.isNaN(length) ? this.passedOn(answer.body) : answer.body;
    return { status, headers, body: await this.kept(pieces, headers['content-type'] ?? 'application/octet-stream') };
  }

  private async *passedOn(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of body) {
      this.#log.append({ kind: 'chunk', at: this.dependencies.clock.now(), bytes });
      yield bytes;
    }
  }

  private async kept(pieces: AsyncIterable<Uint8Array>, contentType: string): Promise<Body> {
    const inline: Uint8Array[] = [];
    let size = 0;
    const iterator = pieces[Symbol.asyncIterator]();
    for (;;) {
      const piece = await iterator.next();
      if (piece.done) return { bytes: Buffer.concat(inline) };
      inline.push(piece.value);
      size += piece.value.length;
      if (size > INLINE_BYTES) break;
    }
    const key = `requests/${this.head.id}/response-${this.head.attempt}`;
    const all = (async function* () {
      yield* inline;
      for (let piece = await iterator.next(); !piece.done; piece = await iterator.next()) yield piece.value;
    })();
    await this.dependencies.blobs.put(key, all, contentType);
    return { blob: key };
  }

  private async bodyOf(input: RequestInput): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    if ('bytes' in input.body) return input.body.bytes;
    const blob = await this.dependencies.blobs.get(input.body.blob);
    if (blob === undefined) throw new Error(`The stored body ${input.body.blob} is gone`);
    return blob.body;
  }

  private async answered(answer: AppAnswer, response: StoredResponse, inferenceTime: number): Promise<AttemptEnd> {
    const appHeaders = lowerCaseValues(answer.headers);
    const verdict = judge(answer.statusCode, appHeaders);
    const end: AttemptEnd = {
      runner: verdict.runner,
      ...(verdict.runner === 'stop' ? { reason: `the app answered ${answer.statusCode}` } : {}),
      ...hintsOf(appHeaders),
    };
    const outcome = { ...appOutcome(response), inferenceTime };
    if (verdict.retry === undefined) return this.finish(outcome, response, end);
    await this.tellLog();
    await this.dependencies.queue.retry(this.head.id, this.#fence, verdict.retry, outcome, {
      response,
      forced: verdict.retryForced ?? false,
    });
    return end;
  }

  /** The exchange broke: interrupted, refused, or the connection was lost on the way. */
  private async failed(error: unknown, answered: boolean, inferenceTime: number): Promise<AttemptEnd> {
    switch (this.#stop?.kind) {
      case 'lease lost':
        return { runner: 'keep' };
      case 'handed back':
        await this.tellLog();
        await this.dependencies.queue.handBack(this.head.id, this.#fence);
        return { runner: 'keep' };
      case 'timeout':
        await this.retryAfter('timeout', { ...REQUEST_TIMEOUT, inferenceTime });
        return {
          runner: 'stop',
          reason: `request_timeout (${this.dependencies.app.spec.request_timeout} s) was exceeded`,
        };
      case 'crashed':
        await this.retryAfter('connection_error', { ...crashed(this.#stop.reason), inferenceTime });
        return { runner: 'lost', reason: this.#stop.reason };
      case undefined:
        return this.broken(error, answered, inferenceTime);
    }
  }

  private async broken(error: unknown, answered: boolean, inferenceTime: number): Promise<AttemptEnd> {
    if (!isNetworkError(error)) {
      const outcome = { ...INTERNAL_ERROR, error: `The platform could not pass the request on: ${textOf(error)}` };
      return this.finish(outcome, undefined, { runner: 'keep' });
    }
    const [condition, outcome] = connectionFailure(error, answered);
    await this.retryAfter(condition, { ...outcome, inferenceTime });
    return { runner: 'lost', reason: `the connection to the app failed: ${textOf(error)}` };
  }

  private async retryAfter(condition: RetryCondition, outcome: Outcome): Promise<void> {
    await this.tellLog();
    await this.dependencies.queue.retry(this.head.id, this.#fence, condition, outcome);
  }

  private async finish(outcome: Outcome, response: StoredResponse | undefined, end: AttemptEnd): Promise<AttemptEnd> {
    await this.tellLog();
    await this.dependencies.queue.complete(this.head.id, this.#fence, outcome, response);
    if (this.head.discardPayload) await this.dependencies.requests.discardInput(this.head.id);
    return end;
  }

  /** Readers must find every event before they find the end. A log that can't be written doesn't cost the answer. */
  private async tellLog(): Promise<void> {
    await this.#log.close(this.dependencies.clock.now()).catch(() => undefined);
  }

  private async renew(): Promise<void> {
    const reply = await this.dependencies.queue.heartbeat(this.head.id, this.#fence).catch(() => 'unknown' as const);
    // A store that can't be asked says nothing about the lease; the next heartbeat asks again.
    if (reply === 'unknown') return;
    if (reply === undefined) this.stop({ kind: 'lease lost' });
    else if (reply.cancelRequested) await this.cancelInApp();
  }

  /** fal cancels a running request by `POST <path>/cancel` to its runner; an app without that route just goes on. */
  private async cancelInApp(): Promise<void> {
    if (this.#cancelSent) return;
    this.#cancelSent = true;
    const input = await this.dependencies.requests.input(this.head.id);
    const target = `${this.head.path === '/' ? '' : this.head.path}/cancel`;
    try {
      const answer = await this.dependencies.client.call({
        method: 'POST',
        target,
        headers: input?.headers ?? {},
        body: new Uint8Array(),
      });
      await answer.body.dump();
    } catch {
      // The attempt itself will find out what is wrong with the app.
    }
  }

  private stop(stop: Stop): void {
    if (this.#stop !== undefined) return;
    this.#stop = stop;
    this.#controller.abort();
  }
}

const INTERNAL_ERROR = { status: 500, errorType: 'internal_error' } as const;

const REQUEST_TIMEOUT: Outcome = { status: 504, errorType: 'request_timeout', error: 'Request timed out' };

function crashed(reason: string): Outcome {
  return { status: 503, errorType: 'runner_disconnected', error: `The runner ended while it worked: ${reason}` };
}

const NETWORK_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

function isNetworkError(error: unknown): boolean {
  return error instanceof errors.UndiciError || NETWORK_ERRORS.has(codeOf(error));
}

function connectionFailure(error: unknown, answered: boolean): [RetryCondition, Outcome] {
  if (answered) {
    const text = 'The app broke off its answer';
    return ['server_error', { status: 502, errorType: 'runner_incomplete_response', error: text }];
  }
  const errorType = codeOf(error) === 'ECONNREFUSED' ? 'runner_connection_refused' : 'runner_disconnected';
  return ['connection_error', { status: 503, errorType, error: `The connection to the app failed: ${textOf(error)}` }];
}

/** How an answered request ended: fal counts every answer below 400 as a success. */
function appOutcome(response: StoredResponse): Outcome {
  if (response.status < 400) return { status: response.status };
  const errorType = response.headers['x-fal-error-type'];
  return {
    status: response.status,
    error: `Invalid status code: ${response.status}`,
    ...(errorType === undefined ? {} : { errorType }),
    ...(response.status === 499 ? { cancelled: true } : {}),
  };
}

function hintsOf(headers: Headers): Pick<AttemptEnd, 'hints'> {
  const hints = headers['x-fal-runner-hints'];
  if (hints === undefined) return {};
  return {
    hints: hints
      .split(',')
      .map((hint) => hint.trim())
      .filter((hint) => hint !== ''),
  };
}

function lowerCaseValues(headers: AppAnswer['headers']): Headers {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
