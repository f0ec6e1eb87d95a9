import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { developmentCertificate } from '../../daemon/development-certificate';
import { trustVariables } from '../../daemon/trusted-certificates';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trust-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function trusted(env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { caPath } = await developmentCertificate(folder);
  const variables = await trustVariables(caPath, folder, env);
  return readFile(variables.SSL_CERT_FILE ?? '', 'utf8');
}

test('a server of the development authority is trusted', async () => {
  const { key, cert } = await developmentCertificate(folder);
  const server = createServer({ key, cert }, (_, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  const ca = await trusted();
  const status = await new Promise((resolve, reject) => {
    get({ host: 'localhost', port, ca, agent: false }, (response) => {
      resolve(response.statusCode);
      response.resume();
    }).on('error', reject);
  });
  expect(status).toBe(200);
  await new Promise((resolve) => server.close(resolve));
});

test('so is everything that was trusted before', async () => {
  const own = join(folder, 'own.pem');
  await writeFile(own, 'of the company');
  const list = await trusted({ SSL_CERT_FILE: own });
  expect(list).toContain('of the company');
  expect(list).toContain(rootCertificates[0]);
});

test('variables that name no file do no harm', async () => {
  const list = await trusted({ SSL_CERT_FILE: join(folder, 'none'), NODE_EXTRA_CA_CERTS: join(folder, 'none') });
  expect(list).toContain(rootCertificates.at(-1));
});
