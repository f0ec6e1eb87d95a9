/** `…/status/stream`: the status as server-sent events, one whenever something changed, until the request is over. */
import type { RequestHead } from '../domain/request';
import type { EventCursor } from '../ports';
import type { GatewayDependencies } from './dependencies';
import { formatCursor, parseCursor } from './event-cursor';
import { dataFrame, EVENT_STREAM_HEADERS, KEEP_ALIVE_FRAME, KEEP_ALIVE_MS, streamBody } from './event-stream';
import { readLogs, type LogPage } from './request-logs';
import { timely } from './request-reader';
import { RequestWatch } from './request-watch';
import { statusBody, type RequestUrls } from './status';

/** The position in the queue changes without the request changing: how often it is counted again, in ms. */
const POSITION_MS = 1_000;

/** How often a running request is looked at for a keep-alive. */
const RUNNING_MS = 5_000;

/** Each event carries the log lines since the one before; `lastEventId` is where an earlier stream ended. */
export function statusStream(
  dependencies: GatewayDependencies,
  id: string,
  urls: RequestUrls,
  logs: boolean,
  lastEventId: string | null,
): Response {
  const stream = new StatusStream(dependencies, id, urls, logs, parseCursor(lastEventId));
  const body = streamBody(stream.frames(), () => {
    stream.stop();
  });
  return new Response(body, { status: 200, headers: { ...EVENT_STREAM_HEADERS, 'x-fal-request-id': id } });
}

class StatusStream {
  private readonly watch: RequestWatch;
  private waiting = true;
  private sent = '';
  private sentAt: number;

  constructor(
    private readonly dependencies: GatewayDependencies,
    private readonly id: string,
    private readonly urls: RequestUrls,
    private readonly logs: boolean,
    private cursor: EventCursor | undefined,
  ) {
    this.sentAt = dependencies.clock.now();
    this.watch = new RequestWatch(dependencies.requests, id, () => (this.waiting ? POSITION_MS : RUNNING_MS));
  }

  async *frames(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const head = await this.head();
        if (head === undefined || this.watch.stopped) return;
        const frame = await this.frame(head);
        if (frame !== undefined) yield frame;
        if (head.state === 'COMPLETED') return;
        await this.watch.changed();
      }
    } finally {
      this.stop();
    }
  }

  stop(): void {
    this.watch.stop();
  }

  private async head(): Promise<RequestHead | undefined> {
    const head = await this.dependencies.requests.get(this.id);
    if (head !== undefined) this.waiting = head.state === 'IN_QUEUE';
    return head && timely(head, this.dependencies.clock.now());
  }

  /** The status when it differs from what was sent last, else a keep-alive when one is due. */
  private async frame(head: RequestHead): Promise<Uint8Array | undefined> {
    const { requests, clock } = this.dependencies;
    const position = head.state === 'IN_QUEUE' ? await requests.position(head) : 0;
    const news = await this.newLogs(head);
    this.cursor = news.cursor;
    const body = statusBody(head, this.urls, position, this.logs ? news.entries : null);
    const seen = `${head.state} ${position} ${head.attempt}`;
    if (seen === this.sent && news.entries.length === 0) return this.keepAlive(clock.now());
    this.sent = seen;
    this.sentAt = clock.now();
    return dataFrame(body, news.cursor && formatCursor(news.cursor));
  }

  private async newLogs(head: RequestHead): Promise<LogPage> {
    if (!this.logs || head.state === 'IN_QUEUE') return { entries: [], cursor: this.cursor };
    return readLogs(this.dependencies.requests, this.id, Infinity, this.cursor);
  }

  private keepAlive(now: number): Uint8Array | undefined {
    if (now - this.sentAt < KEEP_ALIVE_MS) return undefined;
    this.sentAt = now;
    return KEEP_ALIVE_FRAME;
  }
}
