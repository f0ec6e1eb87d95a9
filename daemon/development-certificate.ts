/**
 * HTTPS for a platform on one machine. fal's Python client speaks nothing but https, so the daemon carries a certificate
 * of its own authority, which a client trusts through `SSL_CERT_FILE` (Python) or `NODE_EXTRA_CA_CERTS` (Node).
 */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

export interface DevelopmentCertificate {
  /** PEM, as `https.createServer` takes them. */
  readonly key: string;
  readonly cert: string;
  /** The authority's certificate, for clients to trust. */
  readonly caPath: string;
}

/**
 * A certificate for localhost and `hosts` (names or addresses).
 *
 * The authority is made once and kept in `directory`, its key readable by the owner alone, so that what a client was told
 * to trust stays valid over restarts; it is replaced 90 days before it ends. The leaf is made anew at each call and never
 * stored.
 */
export async function developmentCertificate(
  directory: string,
  hosts: readonly string[] = [],
): Promise<DevelopmentCertificate> {
  const now = Date.now();
  const authority = (await readAuthority(directory, now)) ?? (await createAuthority(directory, now));
  const leaf = await createLeaf(authority, [...new Set(['localhost', '127.0.0.1', '::1', ...hosts])], now);
  return { ...leaf, caPath: caPathOf(directory) };
}

interface Authority {
  readonly cert: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const AUTHORITY_LIFE_MS = 10 * 365 * DAY_MS;
const RENEW_BEFORE_MS = 90 * DAY_MS;
/** Some TLS clients refuse a server certificate that lives longer than 398 days. */
const LEAF_LIFE_MS = 397 * DAY_MS;
/** A client's clock may run behind ours. */
const BACKDATE_MS = DAY_MS;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const caPathOf = (directory: string) => join(directory, 'development-ca.pem');
const keyPathOf = (directory: string) => join(directory, 'development-ca.key');

/** The stored authority; undefined when there is none, when it ends soon, or when key and certificate are no pair. */
async function readAuthority(directory: string, now: number): Promise<Authority | undefined> {
  const certPem = await readIfPresent(caPathOf(directory));
  const keyPem = await readIfPresent(keyPathOf(directory));
  if (certPem === undefined || keyPem === undefined) return undefined;
  try {
    const key = createPrivateKey(keyPem);
    if (!new X509Certificate(certPem).checkPrivateKey(key)) return undefined;
    const cert = new x509.X509Certificate(certPem);
    if (now > cert.notAfter.getTime() - RENEW_BEFORE_MS) return undefined;
    const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
    return { cert, key: await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, true, ['sign']) };
  } catch {
    return undefined; // Cut short by a crash, or not ours: an authority is cheap to make again.
  }
}

async function createAuthority(directory: string, now: number): Promise<Authority> {
  const keys = await generateKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // The name is its own at each renewal, so that a store that still trusts the last one does not confuse the two.
    name: [{ CN: [`sgpu development authority ${randomBytes(4).toString('hex')}`] }],
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + AUTHORITY_LIFE_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceFile(keyPathOf(directory), await privateKeyPem(keys.privateKey), 0o600);
  await replaceFile(caPathOf(directory), pem(cert), 0o644);
  return { cert, key: keys.privateKey };
}

async function createLeaf(authority: Authority, hosts: readonly string[], now: number) {
  const keys = await generateKeys();
  const names = hosts.map((host) => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host }));
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: ['sgpu development server'] }],
    issuer: authority.cert.subject,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(Math.min(now + LEAF_LIFE_MS, authority.cert.notAfter.getTime())),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: authority.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.cert.publicKey),
    ],
  });
  return { key: await privateKeyPem(keys.privateKey), cert: pem(cert) };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

/** Sixteen bytes in hex, random but for the first four bits, which make the number positive and not short. */
function serialNumber(): string {
  return `4${randomBytes(16).toString('hex').slice(1)}`;
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

function pem(cert: x509.X509Certificate): string {
  return `${cert.toString('pem')}\n`;
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes beside the file and renames, so that a reader never sees half of it. */
async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, content, { mode });
  await rename(temporary, path);
}
