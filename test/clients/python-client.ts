/** Programs that use fal's Python client, unmodified, in the version pinned here. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GatewayServer } from './gateway-server';

export const FAL_CLIENT = 'fal-client==1.0.3';

/** Two constants of the client have no environment variable; a program that uploads sets them itself. */
const UPLOAD_HOSTS = `
import os, fal_client.client
fal_client.client.REST_URL, fal_client.client.CDN_URL = os.environ['REST_URL'], os.environ['CDN_URL']
`;

/** Runs a program against a gateway that speaks https, by a public certificate when none is named; answers what it printed. */
export async function runPython(
  gateway: Pick<GatewayServer, 'url' | 'key'> & Partial<Pick<GatewayServer, 'caPath'>>,
  program: string,
): Promise<string> {
  const packages = await installedPackages();
  const host = new URL(gateway.url).host;
  const environment = {
    PATH: process.env.PATH,
    PYTHONPATH: packages,
    FAL_KEY: gateway.key,
    FAL_RUN_HOST: `${host}/run`,
    FAL_QUEUE_RUN_HOST: `${host}/queue`,
    REST_URL: `${gateway.url}/rest`,
    CDN_URL: `${gateway.url}/cdn`,
    SSL_CERT_FILE: gateway.caPath ?? process.env.SSL_CERT_FILE,
  };
  const { stdout } = await run('python3', ['-c', UPLOAD_HOSTS + program], { env: environment, timeout: TIMEOUT_MS });
  return stdout.trim();
}

/** A program that hangs is ended before the test gives up on it. */
const TIMEOUT_MS = 50_000;

const run = promisify(execFile);

/** The folder that has the client, installed on first use. It appears whole or not at all, so test files may do so side by side. */
export async function installedPackages(): Promise<string> {
  const { stdout: version } = await run('python3', ['-c', 'import sys; print(sys.implementation.cache_tag)']);
  const cache = join(__dirname, '..', '..', 'node_modules', '.cache');
  const folder = join(cache, `${FAL_CLIENT}-${version.trim()}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(`${folder}-`);
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', unfinished, FAL_CLIENT]);
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }));
  return folder;
}
