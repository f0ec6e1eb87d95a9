/** Who is calling: by API key, by short-lived token, or as the owner on a platform that asks for no key. */
import type { ApiKey } from '../ports';
import { BriefCache } from './brief-cache';
import type { GatewayDependencies, TokenAuthority, TokenGrant } from './dependencies';
import { detailError } from './errors';
import { parseKey, secretMatches } from './keys';
import { trustedWithoutKey } from './local-trust';
import { requestUrl } from './request-url';

export interface Caller {
  readonly user: string;
  readonly scope: ApiKey['scope'];
  /** Apps a token is limited to; absent when the caller may use all of the user's. */
  readonly allowedApps?: readonly string[];
}

export interface Authentication {
  /** Absent for a caller without credentials, who may use public apps. */
  readonly caller?: Caller;
  /** An `Authorization` header that isn't meant for the platform and goes on to the app. */
  readonly forwarded?: string;
}

/** The query parameter that carries a token where headers can't be set. */
export const TOKEN_PARAMETER = 'fal_jwt_token';

export class Authenticator {
  private readonly keys: BriefCache<ApiKey>;

  constructor(
    private readonly dependencies: Pick<GatewayDependencies, 'keys' | 'clock' | 'settings'>,
    private readonly tokens: Pick<TokenAuthority, 'verify'>,
  ) {
    this.keys = new BriefCache(dependencies.clock);
  }

  /** Throws 401 for wrong credentials, even where none would do: they are always a mistake. */
  async authenticate(request: Request): Promise<Authentication> {
    const authorization = request.headers.get('authorization');
    const token = queryToken(request);
    if (token !== undefined) return this.withToken(request, token);
    if (authorization === null) return { caller: this.withoutKey(request) };
    const [scheme, credentials] = splitScheme(authorization);
    if (scheme === 'key') return { caller: await this.withKey(request, credentials) };
    if (scheme === 'bearer') return this.withToken(request, credentials, authorization);
    return { caller: this.withoutKey(request), forwarded: authorization };
  }

  /** For routes that need a known caller. */
  async requireCaller(request: Request): Promise<Caller> {
    const { caller } = await this.authenticate(request);
    if (caller === undefined) throw detailError(401, 'Authentication is required');
    return caller;
  }

  private async withKey(request: Request, credentials: string): Promise<Caller> {
    const { id, secret } = parseKey(credentials);
    const key = await this.keys.get(id, () => this.dependencies.keys.get(id));
    // Clients insist on some key: on a platform that asks for none, a made-up one counts as none.
    const local = key === undefined ? this.withoutKey(request) : undefined;
    if (local !== undefined) return local;
    if (key === undefined || !secretMatches(key, secret)) throw detailError(401, 'invalid key credentials');
    return { user: key.user, scope: key.scope };
  }

  /** A bearer token that is not ours may be the app's own: it is passed on, and its caller is unknown. */
  private async withToken(request: Request, token: string, authorization?: string): Promise<Authentication> {
    const grant = await this.tokens.verify(token);
    if (grant !== undefined) return { caller: callerOf(grant) };
    if (authorization === undefined) throw detailError(401, 'The token is invalid or has expired');
    return { caller: this.withoutKey(request), forwarded: authorization };
  }

  private withoutKey(request: Request): Caller | undefined {
    const { settings } = this.dependencies;
    return trustedWithoutKey(request, settings) ? { user: settings.owner, scope: 'ADMIN' } : undefined;
  }
}

function callerOf(grant: TokenGrant): Caller {
  return {
    user: grant.user,
    scope: 'API',
    ...(grant.allowedApps === undefined ? {} : { allowedApps: grant.allowedApps }),
  };
}

function queryToken(request: Request): string | undefined {
  const { search } = requestUrl(request);
  if (!search.includes(TOKEN_PARAMETER)) return undefined;
  return new URLSearchParams(search).get(TOKEN_PARAMETER) ?? undefined;
}

function splitScheme(authorization: string): readonly [scheme: string, credentials: string] {
  const space = authorization.indexOf(' ');
  if (space === -1) return [authorization.toLowerCase(), ''];
  return [authorization.slice(0, space).toLowerCase(), authorization.slice(space + 1).trim()];
}
