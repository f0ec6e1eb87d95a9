/** One attempt at a request: its input goes to the app, the app's answer into the store. */
import type { AppRecord } from '../domain/app';
import type { Fence, Outcome, RequestHead } from '../domain/request';
import type { RetryCondition } from '../domain/retry';
import type {
  BlobStore,
  CallerSocket,
  Clock,
  Headers,
  RequestInput,
  RequestStore,
  RunnerRelay,
  StoredResponse,
} from '../ports';
import type { RequestQueue } from '../queue/request-queue';
import type { AppAnswer, AppClient } from './app-client';
import { takeIn, type AnswerIntake } from './answer-intake';
import { AttemptLog } from './attempt-log';
import {
  answeredOutcome,
  CALLER_GONE,
  crashed,
  exchangeFailure,
  internalError,
  inWords,
  REQUEST_TIMEOUT,
  RUNNER_LEFT,
  sessionOutcome,
} from './outcomes';
import { judge } from './verdict';
import { asksForWebSocket, WebSocketSession, type SessionEnd } from './web-socket-session';

export interface AttemptDependencies {
  readonly queue: RequestQueue;
  readonly requests: RequestStore;
  readonly blobs: BlobStore;
  /** Absent where no WebSocket gets to this runner. */
  readonly relay?: RunnerRelay;
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
  readonly runner: 'keep' | 'check' | 'health check' | 'stop' | 'lost';
  readonly reason?: string;
  /** Runner hints the app advertised with its answer. */
  readonly hints?: readonly string[];
}

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
      return this.finish(internalError('The input of the request is gone'), undefined, { runner: 'keep' });
    }
    if (asksForWebSocket(input)) return this.converse(input);
    const startedAt = clock.now();
    let answer: AppAnswer | undefined;
    let response: StoredResponse;
    try {
      answer = await client.call({ ...input, body: await this.bodyOf(input) }, this.#controller.signal);
      response = await takeIn(answer, this.intake());
    } catch (error) {
      return this.failed(error, answer !== undefined, (clock.now() - startedAt) / 1000);
    }
    return this.answered(answer, response, (clock.now() - startedAt) / 1000);
  }

  /** The caller asked for a WebSocket: the attempt lasts as long as the connection. */
  private async converse(input: RequestInput): Promise<AttemptEnd> {
    const { relay } = this.dependencies;
    let caller: CallerSocket | undefined;
    try {
      caller = await relay?.join(this.head.id);
    } catch (error) {
      return this.finish(internalError(inWords(error)), undefined, { runner: 'keep' });
    }
    if (caller === undefined) return this.finish(CALLER_GONE, undefined, { runner: 'keep' });
    try {
      return await this.converseWith(caller, input);
    } finally {
      relay?.leave(this.head.id);
    }
  }

  private async converseWith(caller: CallerSocket, input: RequestInput): Promise<AttemptEnd> {
    const { client, clock } = this.dependencies;
    const session = new WebSocketSession(caller);
    const startedAt = clock.now();
    try {
      const ended = await session.run(client.connect(input, this.#controller.signal), this.#controller.signal);
      if (ended.by === 'caller' && ended.close.code === 1006) await this.cancelInApp();
      const outcome = { ...sessionOutcome(ended), inferenceTime: (clock.now() - startedAt) / 1000 };
      return await this.finish(outcome, undefined, { runner: sessionVerdict(ended) });
    } catch (error) {
      return this.sessionFailed(error, session.begun, (clock.now() - startedAt) / 1000);
    }
  }

  /** A session that has begun can't go on elsewhere, and its end leaves the runner free, so that it need not be stopped. */
  private sessionFailed(error: unknown, begun: boolean, inferenceTime: number): Promise<AttemptEnd> {
    if (begun && this.#stop?.kind === 'handed back') return this.finish(RUNNER_LEFT, undefined, { runner: 'keep' });
    if (this.#stop?.kind === 'timeout') {
      return this.finish({ ...REQUEST_TIMEOUT, inferenceTime }, undefined, { runner: begun ? 'keep' : 'stop' });
    }
    return this.failed(error, begun, inferenceTime);
  }

  private intake(): AnswerIntake {
    const { blobs, clock, runner } = this.dependencies;
    return {
      blobs,
      blobKey: `requests/${this.head.id}/response-${this.head.attempt}`,
      extraHeaders: { 'x-fal-served-from': runner },
      now: () => clock.now(),
      onEvent: (event) => {
        this.#log.append(event);
      },
    };
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
    const outcome = { ...answeredOutcome(response), inferenceTime };
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
    const failure = exchangeFailure(error, answered);
    if (failure.kind === 'final') return this.finish(failure.outcome, undefined, { runner: 'keep' });
    await this.retryAfter(failure.condition, { ...failure.outcome, inferenceTime });
    return { runner: 'lost', reason: `the connection to the app failed: ${inWords(error)}` };
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

/** A handler that raised breaks its connection off, as a dying app does: its port tells which it was. */
function sessionVerdict(ended: SessionEnd): AttemptEnd['runner'] {
  if (ended.by === 'refusal') return judge(ended.answer.status, ended.answer.headers).runner;
  return ended.by === 'app' && ended.close.code === 1006 ? 'check' : 'keep';
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
  const single: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') single[name] = value;
  }
  return single;
}
