/** The routes about files and tokens on ports in memory, without the rest of the gateway. */
import { Hono } from 'hono';
import { Authenticator } from '../../../runtime/gateway/authentication';
import { errorResponse } from '../../../runtime/gateway/errors';
import { fileRoutes } from '../../../runtime/gateway/file-routes';
import { FileService } from '../../../runtime/gateway/file-service';
import { createKey } from '../../../runtime/gateway/keys';
import { storageRoutes } from '../../../runtime/gateway/storage-routes';
import { SignedTokenAuthority } from '../../../runtime/gateway/token-authority';
import { tokenRoutes } from '../../../runtime/gateway/token-routes';
import { uploadRoutes } from '../../../runtime/gateway/upload-routes';
import { MemoryBlobStore } from '../../support/memory-blob-store';
import { MemoryKeyStore } from '../../support/memory-key-store';
import { ManualClock, MemorySecretStore } from '../../support/memory-stores';

export const MAX_FILE_BYTES = 1000;
export const ORIGIN = 'http://localhost';

export class FileGateway {
  readonly blobs = new MemoryBlobStore();
  readonly clock = new ManualClock();
  readonly errors: string[] = [];
  readonly authority: SignedTokenAuthority;
  readonly keys = new MemoryKeyStore();
  private readonly app = new Hono();

  constructor() {
    const secrets = new MemorySecretStore();
    this.authority = new SignedTokenAuthority(secrets, this.clock);
    const settings = { owner: 'ann', requireKey: true, maxBodyBytes: 1000, maxFileBytes: MAX_FILE_BYTES };
    const dependencies = { blobs: this.blobs, secrets, clock: this.clock, settings, keys: this.keys };
    const authenticator = new Authenticator(dependencies, this.authority);
    const files = new FileService(dependencies, authenticator, this.authority);
    const log = { error: (message: string) => void this.errors.push(message) };
    this.app.route('/rest', storageRoutes(files));
    this.app.route('/rest', tokenRoutes(authenticator, this.authority));
    this.app.route('/cdn', uploadRoutes(files));
    this.app.route('/cdn', fileRoutes(files));
    this.app.onError((error) => errorResponse(error, 'request', log));
  }

  /** The `Authorization` header of a user's new key. */
  async key(user: string): Promise<string> {
    return `Key ${await createKey(this, { user, scope: 'API', description: 'test' })}`;
  }

  /** Fetches a path, or a URL that the gateway gave out. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    return this.app.request(new Request(new URL(url, ORIGIN), init));
  }

  post(path: string, authorization: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  /** Uploads as fal's Python client does; answers the URL of the file. */
  async upload(authorization: string, content: string, headers: Record<string, string> = {}): Promise<string> {
    const response = await this.fetch('/cdn/files/upload', {
      method: 'POST',
      headers: { authorization, 'content-type': 'text/plain', 'x-fal-file-name': 'note.txt', ...headers },
      body: content,
    });
    const { access_url } = (await response.json()) as { access_url: string };
    return access_url;
  }
}
