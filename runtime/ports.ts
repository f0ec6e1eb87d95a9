/**
 * What the runtime needs from the world. Two sets of adapters implement these: `runtime/local` (SQLite, files, child
 * processes) and `runtime/aws`. Both pass the suites of `test/contract/`.
 *
 * Stores offer conditional writes and ordered reads, nothing more: the rules of the queue are written once, over them,
 * in `runtime/queue`.
 */
import type { AppRecord, Decision } from './domain/app';
import type { RequestHead } from './domain/request';
import type { RunnerRecord } from './domain/runner';

/** The current time in ms since the epoch. */
export interface Clock {
  now(): number;
}

/** HTTP headers, names in lower case. */
export type Headers = Readonly<Record<string, string>>;

/** Bytes kept inline with their record, or named in the blob store when large. */
export type Body = { readonly bytes: Uint8Array } | { readonly blob: string };

/** What the caller sent, as the app will see it. */
export interface RequestInput {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: Body;
}

/** What the app answered, replayed verbatim to whoever asks for the result. */
export interface StoredResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Where a reader of the event log stands: everything up to and including this event was seen. */
export interface EventCursor {
  readonly attempt: number;
  readonly number: number;
}

export type RequestEvent =
  | { readonly kind: 'log'; readonly at: number; readonly level: string; readonly message: string }
  /** The status line and headers of an answer that is being streamed. */
  | { readonly kind: 'response'; readonly at: number; readonly status: number; readonly headers: Headers }
  /** A piece of a streamed body, in order. */
  | { readonly kind: 'chunk'; readonly at: number; readonly bytes: Uint8Array };

export type StoredEvent = EventCursor & RequestEvent;

export interface Backlog {
  readonly waiting: number;
  /** Of the waiting, those submitted at or before the time asked for. */
  readonly waitingSince: number;
  /** Submission time of the oldest waiting request. */
  readonly oldestWaitingAt?: number;
  readonly inProgress: number;
}

/** Request heads, bodies and event logs. The heads that wait, in order, are the queue. */
export interface RequestStore {
  /**
   * Stores a new request. Returns once nothing can lose it, but for a `run` request, which may go with a crash like its
   * caller's connection; false when the id is taken.
   */
  create(head: RequestHead, input: RequestInput): Promise<boolean>;
  get(id: string): Promise<RequestHead | undefined>;
  /**
   * Stores `next` in place of the head with `next.version - 1`; false when another write came first. A response is stored
   * in the same write, readable only if it succeeds. A crash may undo a claim or a heartbeat, whose work is then
   * repeated; whatever else became of a `queue` request stays.
   */
  replace(next: RequestHead, response?: StoredResponse): Promise<boolean>;
  /** Forgets a request with all that belongs to it. */
  remove(id: string): Promise<void>;

  input(id: string): Promise<RequestInput | undefined>;
  /** Drops the input of a finished request whose caller asked not to keep it. */
  discardInput(id: string): Promise<void>;
  response(id: string): Promise<StoredResponse | undefined>;

  /** Waiting heads of an app in queue order, from the start or behind `after`. */
  waiting(app: string, limit: number, after?: Pick<RequestHead, 'priority' | 'id'>): Promise<readonly RequestHead[]>;
  /** How many requests wait before this one. Always counted, never kept. */
  position(head: RequestHead): Promise<number>;
  backlog(app: string, submittedUntil: number): Promise<Backlog>;
  /** Heads whose `dueAt` has come, earliest first. */
  due(now: number, limit: number): Promise<readonly RequestHead[]>;
  /**
   * Heads whose `webhookDueAt` has come, earliest first. Apart from `due`, so that webhooks nobody answers never keep an
   * expired lease waiting.
   */
  webhooksDue(now: number, limit: number): Promise<readonly RequestHead[]>;
  /** Ids of finished requests whose `expiresAt` has passed; none where the store forgets them by itself. */
  expired(now: number, limit: number): Promise<readonly string[]>;
  /** Requests of an app, newest first; `before` is the id that ended the last page. */
  list(app: string, limit: number, before?: string): Promise<readonly RequestHead[]>;

  /** Appends to the log of an attempt; `first` is the number of the first event. Repeating an append changes nothing. */
  appendEvents(id: string, attempt: number, first: number, events: readonly RequestEvent[]): Promise<void>;
  events(id: string, after: EventCursor | undefined, limit: number): Promise<readonly StoredEvent[]>;
  /**
   * Resolves when the head or the log of the request may have changed since the call, or after `timeoutMs`, or on abort.
   * Spurious returns are allowed. Call first, then read: what changed before the call may go unnoticed.
   */
  changed(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void>;
}

/** Wakes agents when there may be work. It carries no request: the store alone says what is next. */
export interface Doorbell {
  ring(app: string, times?: number): Promise<void>;
  /** True when rung before `timeoutMs`. The most recently arrived waiter is woken first where the adapter can choose. */
  wait(app: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
}

/** A message of a WebSocket: text, or bytes of a binary one. */
export type WebSocketMessage = string | Uint8Array;

/** How a WebSocket ended (RFC 6455, section 7.4). */
export interface WebSocketClose {
  /** 1005: closed without a code; 1006: broken off. */
  readonly code: number;
  readonly reason: string;
}

/**
 * The WebSocket of a caller, as the runner that serves it has it. The handshake is answered once: by `accept`, by
 * `refuse`, or by the gateway itself when the app takes long to start.
 */
export interface CallerSocket {
  /** Answers the handshake with the subprotocol that the app chose, if any. */
  accept(protocol?: string): Promise<void>;
  /** Answers the handshake with what the app said instead. A caller who was accepted before is closed. */
  refuse(answer: RefusedHandshake): Promise<void>;
  /** What the caller sends, from the first message on, as fast as it is read; to the end of the connection. Read once. */
  messages(): AsyncIterable<WebSocketMessage>;
  /** Resolves when there is room for more. What comes after the end is dropped. */
  send(message: WebSocketMessage): Promise<void>;
  /** Ends the connection; 1005 sends no code. */
  close(end: WebSocketClose): Promise<void>;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<WebSocketClose>;
}

/** The answer to a handshake that did not lead to a WebSocket. */
export interface RefusedHandshake {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** The gateway's half of bringing the WebSocket of a caller to the runner that claims its request. */
export interface GatewayRelay {
  /** Keeps a caller for the runner of its request. Called before the request can be claimed. */
  offer(request: string, caller: CallerSocket): Promise<void>;
  /** Nobody may join any more; who has joined stays. */
  withdraw(request: string): Promise<void>;
}

/** The runner's half. It is always the runner that comes to the gateway: runners take no connections from outside. */
export interface RunnerRelay {
  /** `undefined` when no caller waits any more. Rejects when the gateway that has the caller can't be reached. */
  join(request: string): Promise<CallerSocket | undefined>;
  /** The runner is done. A caller who is still there waits for another runner, or to be told how its request ended. */
  leave(request: string): void;
}

/** Where a gateway waits for the runner of one request, and what shows that it is the runner. */
export interface RelayAddress {
  /** `ws://10.0.1.5:8081` */
  readonly url: string;
  readonly secret: string;
}

/** What gateways leave for runners to find them. */
export interface RelayAddresses {
  put(request: string, address: RelayAddress): Promise<void>;
  get(request: string): Promise<RelayAddress | undefined>;
  remove(request: string): Promise<void>;
}

/** Large bodies and uploaded files. Keys are made by the platform; a key with unsafe characters is refused. */
export interface BlobStore {
  /** All or nothing: when `body` fails, so does this, and what the key held before stays. */
  put(key: string, body: AsyncIterable<Uint8Array>, contentType: string): Promise<BlobInfo>;
  /** `start` and `end` count from 0 and are both included. */
  get(key: string, range?: { readonly start: number; readonly end?: number }): Promise<StoredBlob | undefined>;
  info(key: string): Promise<BlobInfo | undefined>;
  /** Makes one blob of several, in order, and removes the parts. */
  compose(key: string, parts: readonly string[], contentType: string): Promise<BlobInfo>;
  remove(key: string): Promise<void>;
  /**
   * A URL that lets whoever has it read or write this one blob for a while, past the platform. Absent where blobs can only
   * be reached through the platform.
   */
  signedUrl?(key: string, use: SignedUse, seconds: number): Promise<string>;
}

export type SignedUse =
  | { readonly method: 'GET'; readonly contentType: string; readonly contentDisposition: string }
  /** Up to what the store takes in one request, at S3 5 GiB. */
  | { readonly method: 'PUT' };

export interface BlobInfo {
  readonly key: string;
  readonly contentType: string;
  readonly size: number;
  /** A quoted entity tag, different for different content. */
  readonly etag: string;
}

export interface StoredBlob extends BlobInfo {
  /** The bytes of the range asked for, else all. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Runners, and the set of READY runners of each app revision beside its floor. */
export interface RunnerRegistry {
  create(runner: RunnerRecord): Promise<boolean>;
  get(id: string): Promise<RunnerRecord | undefined>;
  /** Stores `next` in place of the record with `next.version - 1`; false when another write came first. */
  replace(next: RunnerRecord): Promise<boolean>;
  /** Runners of an app that are not TERMINATED, and those terminated since `terminatedSince`. */
  list(app: string, terminatedSince?: number): Promise<readonly RunnerRecord[]>;
  /** Adds a runner to the READY set of its revision. Adding it twice changes nothing. */
  joinReady(app: string, revision: string, runner: string): Promise<void>;
  /** Takes a runner out of the set whatever the floor: it drains or is gone. */
  leaveReady(app: string, revision: string, runner: string): Promise<void>;
  /**
   * Takes an idle runner out of the set in one write that holds only while the set is larger than its floor. True also
   * when the runner is no longer in the set: a repeated write has succeeded.
   */
  retire(app: string, revision: string, runner: string): Promise<boolean>;
  setFloor(app: string, revision: string, floor: number): Promise<void>;
  readySet(app: string, revision: string): Promise<{ readonly floor: number; readonly runners: readonly string[] }>;
}

/** What runs and what is starting. Launching never waits for the runner. */
export interface Fleet {
  /**
   * Starts a runner whose record was written before. Launching an id twice starts one runner. `app` is the app as it is at
   * the runner's revision, which need not be the latest.
   */
  launch(runner: RunnerRecord, app: AppRecord): Promise<void>;
  /** Ends a runner by force: SIGKILL after `graceMs`. Stopping what is gone changes nothing. */
  stop(runner: string, graceMs: number): Promise<void>;
  list(): Promise<readonly FleetRunner[]>;
  /**
   * Does what launches wait for: gives runners machines, gets and ends machines. Called at the start of a full pass and
   * after launches. A fleet that needs no such pass has no such method.
   */
  settle?(): Promise<void>;
}

export interface FleetRunner {
  readonly id: string;
  /** False once it has ended, which a fleet remembers for a minute or more. One that waits for a GPU or starts is running. */
  readonly running: boolean;
  /** Why it ended, in words. */
  readonly exitReason?: string;
}

/** The apps of the platform, their settings and what was decided for them. */
export interface AppStore {
  put(app: AppRecord): Promise<void>;
  /** Stores `next` in place of `read`; false when the app changed since it was read, or was removed. */
  replace(read: AppRecord, next: AppRecord): Promise<boolean>;
  get(id: string): Promise<AppRecord | undefined>;
  list(): Promise<readonly AppRecord[]>;
  remove(id: string): Promise<void>;
  recordDecision(decision: Decision): Promise<void>;
  /** Newest first. */
  decisions(app: string, limit: number): Promise<readonly Decision[]>;
}

/**
 * What the controller has learned about apps, so that the next one goes on where this one stopped. Losing it costs nothing
 * but the time to learn it again.
 */
export interface LearningStore {
  /** What was put last, as it was put; `undefined` for an app about which nothing is known. */
  get(app: string): Promise<unknown>;
  /** Replaces what is known. A few KB of plain data. */
  put(app: string, learning: object): Promise<void>;
  remove(app: string): Promise<void>;
}

/** An API key as stored: the secret only as a hash. */
export interface ApiKey {
  readonly id: string;
  /** SHA-256 of the secret, hex. Secrets are 256 random bits, so a slow hash would add nothing. */
  readonly secretHash: string;
  readonly user: string;
  readonly scope: 'API' | 'ADMIN';
  readonly description: string;
  readonly createdAt: number;
}

export interface KeyStore {
  put(key: ApiKey): Promise<void>;
  get(id: string): Promise<ApiKey | undefined>;
  list(): Promise<readonly ApiKey[]>;
  remove(id: string): Promise<boolean>;
}

/** A line that an app printed. */
export interface AppLogLine {
  /** Orders the lines of an app. */
  readonly id: string;
  readonly at: number;
  readonly runner: string;
  /** fal's log levels; plain output is `STDOUT` or `STDERR`. */
  readonly level: string;
  readonly message: string;
  /** The request that printed it, where the app knows. */
  readonly request?: string;
}

export interface AppLogQuery {
  /** Lines behind this one, the first `limit` of them. Without it the last `limit` are given. */
  readonly after?: string;
  readonly since?: number;
  readonly until?: number;
  /** Only lines with this text, in upper or lower case. */
  readonly search?: string;
  readonly request?: string;
  readonly runner?: string;
  readonly limit: number;
}

/** What apps printed of late, where the platform keeps it itself. In order. */
export interface AppLogs {
  read(app: string, query: AppLogQuery): Promise<readonly AppLogLine[]>;
}

/** Secret values by name. */
export interface SecretStore {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
  /** Stores the value unless the name exists; returns what is stored then. */
  setIfAbsent(name: string, value: string): Promise<string>;
  names(): Promise<readonly string[]>;
  remove(name: string): Promise<boolean>;
}
