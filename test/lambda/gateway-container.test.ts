/** The bundle of the gateway's container, run as its image runs it. */
import { createFalClient } from '@fal-ai/client';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Bundle, BundledGateway } from './bundled-gateway';

let bundle: Bundle;
let gateway: BundledGateway;
let container: ChildProcess;
let url: string;

beforeAll(async () => {
  [bundle, gateway] = await Promise.all([Bundle.build('lambda/container.ts'), BundledGateway.start()]);
  const server = spawn(process.execPath, [bundle.path], {
    env: { PATH: process.env.PATH, PORT: '0', ...gateway.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  container = server;
  for await (const line of createInterface({ input: server.stdout })) {
    const port = /listens on port (\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    url = `http://127.0.0.1:${port}`;
    break;
  }
  server.stdout.resume();
});
afterAll(async () => {
  container.kill('SIGKILL');
  await gateway.stop();
  await bundle.remove();
});

test('a file that Lambda would not take is uploaded in parts', async () => {
  const fal = createFalClient({ credentials: await gateway.key(), proxyUrl: { url, when: 'always' } });
  const bytes = randomBytes(95 * 1024 ** 2);
  const file = await fal.storage.upload(new File([bytes], 'weights.bin'));
  expect(Buffer.from(await (await fetch(file)).arrayBuffer()).equals(bytes)).toBe(true);
});

test('it ends by itself when it is asked to', async () => {
  const ended = once(container, 'exit');
  container.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
