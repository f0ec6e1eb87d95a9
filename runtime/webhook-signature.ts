/**
 * Signatures of webhooks, verifiable with fal's published receivers: ED25519 over
 * `request id \n user id \n unix seconds \n hex(sha256(body))`, the public key as a JWKS.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { Headers, SecretStore } from './ports';

/** The name of the private key (PKCS #8, PEM) in the secret store. Never an environment variable of an app. */
export const WEBHOOK_KEY_SECRET = 'platform/webhook-signing-key';

/** What `GET /.well-known/jwks.json` answers. Receivers may cache it for a day. */
export interface Jwks {
  readonly keys: readonly { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly use: 'sig'; readonly x: string }[];
}

/** The public key that verifies our webhooks; it is made on first use. */
export async function jwks(secrets: SecretStore): Promise<Jwks> {
  const { x = '' } = createPublicKey(await signingKey(secrets)).export({ format: 'jwk' });
  // fal's published Python receiver decodes `x` with urlsafe_b64decode, which refuses the 43 characters that RFC 8037 gives.
  const padded = x.padEnd(Math.ceil(x.length / 4) * 4, '=');
  return { keys: [{ kty: 'OKP', crv: 'Ed25519', use: 'sig', x: padded }] };
}

/** The platform's signing key. Two processes that make it at once end up with the same. */
export async function signingKey(secrets: SecretStore): Promise<KeyObject> {
  const stored =
    (await secrets.get(WEBHOOK_KEY_SECRET)) ??
    (await secrets.setIfAbsent(
      WEBHOOK_KEY_SECRET,
      generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    ));
  return createPrivateKey(stored);
}

/** Stands in for the user of a request without a key: receivers insist on all four headers. */
const NO_USER = 'anonymous';

/** The headers that prove where a webhook comes from. */
export function signatureHeaders(
  key: KeyObject,
  webhook: { readonly requestId: string; readonly user: string; readonly body: Uint8Array; readonly now: number },
): Headers {
  const user = webhook.user === '' ? NO_USER : webhook.user;
  const timestamp = String(Math.floor(webhook.now / 1000));
  const digest = createHash('sha256').update(webhook.body).digest('hex');
  const message = Buffer.from([webhook.requestId, user, timestamp, digest].join('\n'), 'utf8');
  return {
    'x-fal-webhook-request-id': webhook.requestId,
    'x-fal-webhook-user-id': user,
    'x-fal-webhook-timestamp': timestamp,
    'x-fal-webhook-signature': sign(null, message, key).toString('hex'),
  };
}
