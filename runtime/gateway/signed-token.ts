/**
 * Tokens the platform gives out and later believes without looking anything up: JSON Web Tokens (RFC 7519) under
 * HMAC-SHA-256. The header is one constant, compared as text, so no token can choose its own algorithm.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock, SecretStore } from '../ports';

/** Where the signing key lies. Removing it ends every token that is out, once the gateways have restarted. */
export const TOKEN_KEY_SECRET = 'platform/token-signing-key';

/** Tokens of one purpose; a token made for another purpose is refused. */
export class SignedTokens<Claims extends object> {
  private key: Promise<Buffer> | undefined;

  constructor(
    private readonly purpose: string,
    private readonly secrets: SecretStore,
    private readonly clock: Clock,
  ) {}

  async sign(claims: Claims, lifetimeSeconds: number): Promise<string> {
    const issuedAt = Math.floor(this.clock.now() / 1000);
    const payload = { ...claims, aud: this.purpose, iat: issuedAt, exp: issuedAt + lifetimeSeconds };
    const signed = `${HEADER}.${encode(JSON.stringify(payload))}`;
    return `${signed}.${encode(await this.signature(signed))}`;
  }

  /** The claims of a token, or undefined when it is malformed, forged, expired or meant for another purpose. */
  async verify(token: string): Promise<Claims | undefined> {
    const [header, payload, signature, ...rest] = token.split('.');
    if (header !== HEADER || payload === undefined || signature === undefined || rest.length > 0) return undefined;
    const expected = Buffer.from(encode(await this.signature(`${header}.${payload}`)));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const { aud, iat: _iat, exp, ...claims } = JSON.parse(decode(payload)) as RegisteredClaims;
    const valid = aud === this.purpose && this.clock.now() < exp * 1000;
    return valid ? (claims as Claims) : undefined;
  }

  private async signature(text: string): Promise<Buffer> {
    this.key ??= signingKey(this.secrets);
    try {
      return createHmac('sha256', await this.key)
        .update(text)
        .digest();
    } catch (error) {
      this.key = undefined;
      throw error;
    }
  }
}

interface RegisteredClaims {
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
}

const HEADER = encode(JSON.stringify({ alg: 'HS256', typ: 'JWT' }));

async function signingKey(secrets: SecretStore): Promise<Buffer> {
  const stored = await secrets.get(TOKEN_KEY_SECRET);
  const key = stored ?? (await secrets.setIfAbsent(TOKEN_KEY_SECRET, randomBytes(32).toString('base64url')));
  return Buffer.from(key, 'base64url');
}

function encode(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64url');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64url').toString();
}
