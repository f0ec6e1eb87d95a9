/**
 * Lets apps read the platform's own URLs when it speaks https: fal's Python client uploads by https alone, and the URLs
 * it gets are given to apps, which know nothing of the development authority.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';

/**
 * Writes a list of the authority at `caPath` and everything else there is to trust into `directory`, and returns the
 * variables by which OpenSSL (with Python's ssl, httpx and aiohttp), requests, curl and Node take it. None without `caPath`.
 */
export async function trustVariables(
  caPath: string | undefined,
  directory: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Readonly<Record<string, string>>> {
  if (caPath === undefined) return {};
  // The public authorities always: `SSL_CERT_FILE` may be what we told the user to set, our own authority and no other.
  const further = [env.SSL_CERT_FILE, env.NODE_EXTRA_CA_CERTS, caPath];
  const lists = [...rootCertificates, ...(await Promise.all(further.map(listOf)))];
  const bundle = join(directory, 'trusted-certificates.pem');
  await writeFile(bundle, lists.join('\n'));
  return { SSL_CERT_FILE: bundle, REQUESTS_CA_BUNDLE: bundle, CURL_CA_BUNDLE: bundle, NODE_EXTRA_CA_CERTS: bundle };
}

/** Programs don't mind when such a variable names a file that is not there. */
async function listOf(file: string | undefined): Promise<string> {
  return file === undefined ? '' : readFile(file, 'utf8').catch(() => '');
}
