/**
 * The short-lived tokens that callers and apps carry. There are two kinds, and neither passes for the other: one calls
 * apps, where no header can hold a key; one uploads files, and is handed to every app with the request it serves.
 */
import type { Clock, SecretStore } from '../ports';
import type { TokenAuthority, TokenGrant } from './dependencies';
import { SignedTokens } from './signed-token';

/** How long a token for uploads lasts: longer than any request that an app may still upload for. */
export const CDN_TOKEN_SECONDS = 24 * 60 * 60;

interface CdnGrant {
  readonly user: string;
  readonly values?: true;
}

export class SignedTokenAuthority implements TokenAuthority {
  private readonly appTokens: SignedTokens<TokenGrant>;
  private readonly cdnTokens: SignedTokens<CdnGrant>;

  constructor(secrets: SecretStore, clock: Clock) {
    this.appTokens = new SignedTokens('apps', secrets, clock);
    this.cdnTokens = new SignedTokens('cdn', secrets, clock);
  }

  /** A token good for calling apps. */
  appToken(grant: TokenGrant, lifetimeSeconds: number): Promise<string> {
    return this.appTokens.sign(grant, lifetimeSeconds);
  }

  verify(token: string): Promise<TokenGrant | undefined> {
    return this.appTokens.verify(token);
  }

  cdnToken(user: string): Promise<string> {
    return this.cdnTokens.sign({ user }, CDN_TOKEN_SECONDS);
  }

  /** What a user's own key is traded for: it uploads files, and opens the user's values too. */
  storageToken(user: string): Promise<string> {
    return this.cdnTokens.sign({ user, values: true }, CDN_TOKEN_SECONDS);
  }

  /** Whose values a token opens; undefined for one that was handed to an app with a request. */
  async storageUser(token: string): Promise<string | undefined> {
    const grant = await this.cdnTokens.verify(token);
    return grant?.values === true ? grant.user : undefined;
  }

  /** Whose files a token for uploads may add; undefined for a token that is not one. */
  async cdnUser(token: string): Promise<string | undefined> {
    return (await this.cdnTokens.verify(token))?.user;
  }
}
