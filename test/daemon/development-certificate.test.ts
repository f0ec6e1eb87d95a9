import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, get, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { developmentCertificate, type DevelopmentCertificate } from '../../daemon/development-certificate';

const run = promisify(execFile);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'certificate-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a development certificate', () => {
  let server: Server;
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  async function serve(certificate: DevelopmentCertificate): Promise<number> {
    server = createServer(certificate, (_, response) => response.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  test.each(['localhost', '127.0.0.1'])('is accepted for %s by a Python that trusts its authority', async (host) => {
    const certificate = await developmentCertificate(directory);
    const port = await serve(certificate);
    const program = `import urllib.request; print(urllib.request.urlopen('https://${host}:${port}').read().decode())`;
    const { stdout } = await run('python3', ['-c', program], {
      env: { ...process.env, SSL_CERT_FILE: certificate.caPath },
    });
    expect(stdout).toBe('hello\n');
  });

  test('is accepted under the strict rules of newer Pythons, which ask for key identifiers and key usage', async () => {
    const certificate = await developmentCertificate(directory);
    const port = await serve(certificate);
    const program = `
import socket, ssl
context = ssl.create_default_context(cafile='${certificate.caPath}')
context.verify_flags |= ssl.VERIFY_X509_STRICT
with context.wrap_socket(socket.create_connection(('127.0.0.1', ${port})), server_hostname='localhost') as connection:
    print(connection.version())`;
    const { stdout } = await run('python3', ['-c', program]);
    expect(stdout).toMatch(/^TLSv1\.[23]\n$/);
  });

  test('is accepted by a Node that trusts its authority', async () => {
    const certificate = await developmentCertificate(directory);
    const port = await serve(certificate);
    const program = `fetch('https://localhost:${port}').then((r) => r.text()).then(console.log)`;
    const { stdout } = await run(process.execPath, ['-e', program], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate.caPath },
    });
    expect(stdout).toBe('hello\n');
  });

  test('is refused by a client that does not trust its authority', async () => {
    const port = await serve(await developmentCertificate(directory));
    const refused = new Promise((_, reject) => get({ host: '127.0.0.1', port }, reject).on('error', reject));
    await expect(refused).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test('is refused for a host that it does not name', async () => {
    const certificate = await developmentCertificate(directory);
    const port = await serve(certificate);
    const ca = await readFile(certificate.caPath);
    const refused = new Promise((_, reject) =>
      get({ host: '127.0.0.1', port, ca, servername: 'gpu.example' }, reject).on('error', reject),
    );
    await expect(refused).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });
});

test('the certificate names localhost, both loopback addresses and the hosts given, each once', async () => {
  const { cert } = await developmentCertificate(directory, ['gpu-box.lan', '192.0.2.7', 'localhost']);
  expect(new X509Certificate(cert).subjectAltName?.split(', ').sort()).toEqual([
    'DNS:gpu-box.lan',
    'DNS:localhost',
    'IP Address:0:0:0:0:0:0:0:1',
    'IP Address:127.0.0.1',
    'IP Address:192.0.2.7',
  ]);
});

describe('the authority', () => {
  test('stays the same over restarts, so that clients keep their trust', async () => {
    const first = await authority(await developmentCertificate(directory));
    const second = await developmentCertificate(directory);
    expect(await authority(second)).toEqual(first);
    expect(new X509Certificate(second.cert).verify(new X509Certificate(first).publicKey)).toBe(true);
  });

  test('keeps its key from everybody but the owner', async () => {
    await developmentCertificate(directory);
    expect((await stat(join(directory, 'development-ca.key'))).mode & 0o777).toBe(0o600);
  });

  test('is replaced when it comes near its end', async () => {
    const first = await authority(await developmentCertificate(directory));
    const end = new Date(new X509Certificate(first).validTo).getTime();
    jest.spyOn(Date, 'now').mockReturnValue(end - 89 * 24 * 60 * 60 * 1000);
    const renewed = await authority(await developmentCertificate(directory));
    expect(new Date(new X509Certificate(renewed).validTo).getTime()).toBeGreaterThan(end);
  });

  test.each(['development-ca.pem', 'development-ca.key'])('is replaced when %s is damaged', async (file) => {
    await developmentCertificate(directory);
    await writeFile(join(directory, file), 'not PEM');
    const certificate = await developmentCertificate(directory);
    const ca = new X509Certificate(await authority(certificate));
    expect(new X509Certificate(certificate.cert).verify(ca.publicKey)).toBe(true);
  });

  afterEach(() => jest.restoreAllMocks());

  const authority = (certificate: DevelopmentCertificate) => readFile(certificate.caPath, 'utf8');
});
