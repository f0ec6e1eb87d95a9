/**
 * Calls of apps whose caller waits for the answer. They go through the queue like all others, first come first served;
 * they are never retried, and cancelled when the caller hangs up.
 */
import type { AppRecord } from '../domain/app';
import type { RequestHead } from '../domain/request';
import { bodiless, storedAnswer } from './answer';
import type { Authenticator } from './authentication';
import type { GatewayDependencies } from './dependencies';
import { platformError, platformErrorWithStatus, unknownRequest } from './errors';
import { parsePosition, type AnswerPosition } from './event-cursor';
import { streamBody } from './event-stream';
import { AnswerStart, isEventStream, liveChunks, liveHeaders, nothingBehind, type ResponseEvent } from './live-answer';
import { ranOutOfTime } from './out-of-time';
import { RequestReader } from './request-reader';
import { RequestWatch } from './request-watch';
import { StreamReaders } from './stream-readers';
import type { Submissions } from './submission';

/** A request is looked at this often even when no change is heard of. */
const RECHECK_MS = 10_000;

const STREAM_RESUME_MS = 5_000;

export class DirectCalls {
  private readonly readers: StreamReaders;
  private readonly reader: RequestReader;

  constructor(
    private readonly dependencies: GatewayDependencies,
    private readonly authenticator: Authenticator,
    private readonly submissions: Submissions,
  ) {
    this.reader = new RequestReader(dependencies);
    this.readers = new StreamReaders(dependencies.settings.streamResumeMs ?? STREAM_RESUME_MS, (id) => {
      this.cancel(id);
    });
  }

  /** Answers with what the app answers. A `Last-Event-ID` of ours goes on with an earlier answer instead. */
  async call(request: Request, app: AppRecord, path: string): Promise<Response> {
    const position = parsePosition(request.headers.get('last-event-id'));
    if (position !== undefined) return this.resume(request, position);
    const submitted = await this.submissions.submit(request, { app, path }, { mode: 'run' });
    const watch = this.watch(request, submitted);
    try {
      return await this.answer(request, submitted.id, watch);
    } catch (error) {
      watch.stop();
      throw error;
    }
  }

  /** Waits until the app has answered, or begun to where the answer may be streamed. */
  private async answer(request: Request, id: string, watch: RequestWatch): Promise<Response> {
    const mayStream = request.method !== 'HEAD';
    let start: AnswerStart | undefined;
    for (;;) {
      if (watch.stopped) return this.abandoned(request, id);
      const head = await this.current(id);
      if (head.state === 'COMPLETED') {
        watch.stop();
        return storedAnswer(this.dependencies, head);
      }
      if (head.state === 'IN_PROGRESS' && mayStream) {
        if (start?.attempt !== head.attempt) start = new AnswerStart(this.dependencies.requests, id, head.attempt);
        const begun = await start.find();
        if (begun !== undefined) return this.stream(id, watch, begun);
      }
      await watch.changed();
    }
  }

  /** The head as it is now; ended first when its start deadline has passed. */
  private async current(id: string): Promise<RequestHead> {
    const { requests, queue, clock } = this.dependencies;
    let head = await requests.get(id);
    if (head?.state === 'IN_QUEUE' && (head.startDeadline ?? Infinity) <= clock.now()) {
      await queue.elapse(id);
      head = await requests.get(id);
    }
    if (head === undefined) throw new Error(`Request ${id} was removed while its caller waited`);
    return head;
  }

  private abandoned(request: Request, id: string): Response {
    this.cancel(id);
    if (ranOutOfTime(request)) return outOfTime(id);
    // Nobody reads this answer; it stands in logs of proxies that hung up later than their clients.
    return platformError('client_disconnected', 'The client closed the connection').response();
  }

  private async resume(request: Request, position: AnswerPosition): Promise<Response> {
    const { requests } = this.dependencies;
    const { caller } = await this.authenticator.authenticate(request);
    const head = await this.reader.read(position.request, caller);
    const begun = await new AnswerStart(requests, head.id, position.attempt).find();
    if (begun === undefined || !isEventStream(begun)) throw unknownRequest();
    if (head.state === 'COMPLETED' && (await nothingBehind(requests, position))) {
      // An EventSource takes 204 to mean that it need not come back.
      return new Response(null, { status: 204, headers: { 'x-fal-request-id': head.id } });
    }
    return this.stream(head.id, this.watch(request, head), begun, position);
  }

  private stream(id: string, watch: RequestWatch, begun: ResponseEvent, position?: AnswerPosition): Response {
    const headers = liveHeaders(begun, id);
    this.readers.enter(id);
    const body = streamBody(this.chunks(id, watch, begun, position), () => {
      watch.stop();
    });
    return new Response(bodiless(begun.status) ? null : body, { status: begun.status, headers });
  }

  private async *chunks(
    id: string,
    watch: RequestWatch,
    begun: ResponseEvent,
    position: AnswerPosition | undefined,
  ): AsyncGenerator<Uint8Array> {
    let finished = false;
    try {
      yield* liveChunks(this.dependencies.requests, watch, id, begun, position);
      finished = !watch.stopped;
    } finally {
      watch.stop();
      this.readers.leave(id, { finished, resumable: isEventStream(begun) });
    }
  }

  private watch(request: Request, { id, startDeadline = 0 }: RequestHead): RequestWatch {
    const { requests, clock } = this.dependencies;
    const watch = new RequestWatch(requests, id, () => {
      const untilDeadline = startDeadline - clock.now();
      return untilDeadline > 0 ? Math.min(untilDeadline, RECHECK_MS) : RECHECK_MS;
    });
    if (request.signal.aborted) watch.stop();
    request.signal.addEventListener(
      'abort',
      () => {
        watch.stop();
      },
      { once: true },
    );
    return watch;
  }

  private cancel(id: string): void {
    const { queue, log, waitUntil } = this.dependencies;
    const cancelled = queue.cancel(id).then(
      () => undefined,
      (error: unknown) => {
        log.error(`Request ${id} could not be cancelled`, error);
      },
    );
    waitUntil?.(cancelled);
  }
}

/** fal's clients don't repeat a call whose timeout is said to be the user's. */
function outOfTime(id: string): Response {
  const detail = 'The call took longer than a connection to this gateway lasts. Use the queue for long requests';
  const headers = { 'x-fal-request-id': id, 'x-fal-request-timeout-type': 'user' };
  return platformErrorWithStatus(504, 'request_timeout', detail, headers).response();
}
