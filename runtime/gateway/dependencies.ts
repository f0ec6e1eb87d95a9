/** What the gateway is made of: ports, the queue, and how this platform is set up. */
import type { AppRecord } from '../domain/app';
import type {
  AppLogs,
  AppStore,
  BlobStore,
  Clock,
  KeyStore,
  RequestStore,
  RunnerRegistry,
  SecretStore,
} from '../ports';
import type { RequestQueue } from '../queue/request-queue';
import type { Log } from './log';

export interface GatewayDependencies {
  readonly requests: RequestStore;
  readonly queue: RequestQueue;
  readonly apps: AppStore;
  readonly blobs: BlobStore;
  readonly keys: KeyStore;
  readonly secrets: SecretStore;
  readonly runners: RunnerRegistry;
  readonly clock: Clock;
  /** What apps printed. Absent where another service keeps it. */
  readonly logs?: AppLogs;
  readonly settings: GatewaySettings;
  /** Tells the controller that an app was changed, so that it need not find out by itself. Must not throw. */
  readonly poke: (app: string) => void;
  /** As `poke`, when a request of the app waits. */
  readonly pokeForRequest: (app: AppRecord) => void;
  readonly log: Log;
  /** The page of the playground (HTML). Absent: there is none. */
  readonly playground?: () => Promise<string>;
  /**
   * Keeps the process at work until `work` has settled, which never fails. Absent where it is at work anyway; on Lambda it
   * is frozen as soon as the answer is out.
   */
  readonly waitUntil?: (work: Promise<void>) => void;
}

export interface GatewaySettings {
  /** The user who owns the platform and its apps, `local` on one machine. */
  readonly owner: string;
  /** False on loopback: a caller without a key is the owner. */
  readonly requireKey: boolean;
  /** Largest request body accepted, in bytes; larger ones are answered 413. */
  readonly maxBodyBytes: number;
  /** Largest file accepted by an upload, in bytes; larger ones are answered 413. Default 5 GiB. */
  readonly maxFileBytes?: number;
  /**
   * Largest body of any HTTP request that gets through to the gateway, in bytes, where something before it refuses larger
   * ones. Larger files need a blob store that signs URLs. Absent: no limit.
   */
  readonly maxTransferBytes?: number;
  /** Where callers reach the gateway, when that can't be read from their requests: `https://gpu.example.com`. */
  readonly publicUrl?: string;
  /**
   * How long a dropped event stream may be picked up again before its request is cancelled, in ms. Default 5,000. `Infinity`
   * where it may be picked up at another gateway: the request then goes on whether or not anybody reads it.
   */
  readonly streamResumeMs?: number;
}

/** Issues and checks short-lived tokens (`Authorization: Bearer …`, `?fal_jwt_token=…`). */
export interface TokenAuthority {
  /** `undefined` for a token that is not ours, forged or expired. */
  verify(token: string): Promise<TokenGrant | undefined>;
  /** The `x-fal-cdn-token` with which an app uploads files for this caller. Called for every request: must be cheap. */
  cdnToken(user: string): Promise<string>;
}

export interface TokenGrant {
  readonly user: string;
  /** Apps the token is good for: an alias, `owner/alias` or `owner/alias/path`; absent when it is good for all. */
  readonly allowedApps?: readonly string[];
}
