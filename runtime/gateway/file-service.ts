/** What the routes about files share: how an upload begins, who may continue it, and the URLs of files. */
import type { Authenticator } from './authentication';
import type { GatewayDependencies, GatewaySettings } from './dependencies';
import { detailError } from './errors';
import { inlineDisposition, safeFileName } from './file-name';
import { type FileRecord, FileStore } from './file-store';
import { LifecycleError, type ObjectLifecycle, parseLifecycle } from './object-lifecycle';
import { serviceUrl } from './service-hosts';
import { SignedTokens } from './signed-token';
import { CDN_TOKEN_SECONDS, type SignedTokenAuthority } from './token-authority';

const DEFAULT_MAX_FILE_BYTES = 5 * 1024 ** 3;

/** How long an upload that was begun can be continued. */
const UPLOAD_SECONDS = 24 * 60 * 60;

/** Signatures of URLs past the gateway. An upload must have begun by then, a download too. */
const SIGNED_UPLOAD_SECONDS = 60 * 60;
const SIGNED_DOWNLOAD_SECONDS = 15 * 60;

/** A client uses its token to the last second of what it was told. */
const CLOCK_SKEW_SECONDS = 300;

/** As it goes over the wire. */
export interface CdnAccess {
  readonly token: string;
  readonly token_type: 'Bearer';
  readonly base_url: string;
  readonly expires_at: string;
}

export class FileService {
  readonly store: FileStore;
  private readonly clock: GatewayDependencies['clock'];
  private readonly settings: GatewaySettings;
  private readonly uploads: SignedTokens<FileRecord>;

  constructor(
    { blobs, secrets, clock, settings }: Pick<GatewayDependencies, 'blobs' | 'secrets' | 'clock' | 'settings'>,
    private readonly authenticator: Authenticator,
    private readonly authority: SignedTokenAuthority,
  ) {
    this.store = new FileStore(blobs, clock, settings.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES);
    this.uploads = new SignedTokens('upload', secrets, clock);
    this.clock = clock;
    this.settings = settings;
  }

  /** A file to be uploaded for the caller of `request`, whose headers say how long it lives and who may read it. */
  async begin(request: Request, given: { readonly name: string; readonly contentType: string }): Promise<FileRecord> {
    const owner = await this.uploader(request);
    const { expirationSeconds, acl } = lifecycleOf(request);
    return {
      id: FileStore.newId(),
      name: safeFileName(given.name),
      contentType: safeContentType(given.contentType),
      owner,
      ...(expirationSeconds && { expiresAt: this.clock.now() + expirationSeconds * 1000 }),
      ...(acl && { acl }),
    };
  }

  /** Whoever holds this may upload the file, and nothing else, for a day. It fits a segment of a URL. */
  uploadToken(file: FileRecord): Promise<string> {
    return this.uploads.sign(file, UPLOAD_SECONDS);
  }

  /** Throws 403 for what is no upload token of ours, or no longer. */
  async fileOf(uploadToken: string): Promise<FileRecord> {
    const file = await this.uploads.verify(uploadToken);
    if (file === undefined) throw detailError(403, 'The upload is not valid, or has expired; begin it again');
    return file;
  }

  /** What fal's Python client uploads with. It reads the time with an offset: older Pythons refuse the letter Z. */
  async cdnAccess(request: Request): Promise<CdnAccess> {
    const token = await this.authority.storageToken(await this.keyHolder(request));
    const expiresAt = new Date(this.clock.now() + (CDN_TOKEN_SECONDS - CLOCK_SKEW_SECONDS) * 1000);
    return {
      token,
      token_type: 'Bearer',
      base_url: this.cdnUrl(request),
      expires_at: expiresAt.toISOString().replace('Z', '+00:00'),
    };
  }

  /** Who reads, as far as is known. */
  async reader(request: Request): Promise<string | undefined> {
    return (await this.bearer(request)) ?? (await this.authenticator.authenticate(request)).caller?.user;
  }

  /** Where a file can be uploaded without coming through the gateway, if anywhere. No credentials may be sent along. */
  uploadUrl(file: FileRecord): Promise<string | undefined> {
    return this.store.uploadUrl(file, SIGNED_UPLOAD_SECONDS);
  }

  /** Where a file can be read without coming through the gateway, if anywhere. */
  downloadUrl(file: FileRecord): Promise<string | undefined> {
    return this.store.downloadUrl(file, inlineDisposition(file.name), SIGNED_DOWNLOAD_SECONDS);
  }

  /** Throws 413 for more bytes than can come through the gateway in one request. */
  requireTransferable(bytes: number): void {
    const { maxTransferBytes = Infinity } = this.settings;
    if (bytes > maxTransferBytes) throw detailError(413, tooLargeToTransfer(maxTransferBytes));
  }

  now(): number {
    return this.clock.now();
  }

  cdnUrl(request: Request): string {
    return serviceUrl(request, 'cdn', this.settings);
  }

  fileUrl(request: Request, file: FileRecord): string {
    return `${this.cdnUrl(request)}/files/${file.id}/${encodeURIComponent(file.name)}`;
  }

  private async uploader(request: Request): Promise<string> {
    return (await this.bearer(request)) ?? (await this.servedUser(request)) ?? this.keyHolder(request);
  }

  /** Who called the app that uploads: the toolkit sends the token that came with the request, beside the app's own key. */
  private async servedUser(request: Request): Promise<string | undefined> {
    const token = request.headers.get('x-fal-cdn-token');
    return token === null ? undefined : this.authority.cdnUser(token);
  }

  private async bearer(request: Request): Promise<string | undefined> {
    const token = /^bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    return token === undefined ? undefined : this.authority.cdnUser(token);
  }

  private async keyHolder(request: Request): Promise<string> {
    const { user, allowedApps } = await this.authenticator.requireCaller(request);
    if (allowedApps !== undefined) throw detailError(403, 'This token calls apps; files need an API key');
    return user;
  }
}

function tooLargeToTransfer(maxBytes: number): string {
  const limit = `This gateway takes ${maxBytes} bytes in one request`;
  const way = 'POST /rest/storage/upload/initiate?storage_type=fal-cdn-v3 and PUT the whole file to its upload_url';
  return `${limit}. For a larger file ${way}, or run the gateway as a container`;
}

function lifecycleOf({ headers }: Request): ObjectLifecycle {
  const names = ['x-fal-object-lifecycle', 'x-fal-object-lifecycle-preference'];
  const name = names.find((candidate) => headers.has(candidate));
  try {
    return parseLifecycle(name && (headers.get(name) ?? undefined));
  } catch (error) {
    if (error instanceof LifecycleError) throw detailError(422, `Header ${name}: ${error.message}`);
    throw error;
  }
}

/** A media type with its parameters, or the type of anything. */
function safeContentType(given: string): string {
  const token = "[\\w!#$&^.+'*%`|~-]+";
  const valid = new RegExp(`^${token}/${token}(?: *; *${token}=(?:${token}|"[\\w .,:/+-]*"))*$`).test(given);
  return valid && given.length <= 200 ? given : 'application/octet-stream';
}
