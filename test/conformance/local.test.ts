/** fal's behaviours on the local adapters, by the whole program: requests, volumes, secrets, GPUs. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, type Dirent } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../contract/eventually';
import { endAllSgpu, Sgpu } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';
import { describeConformingApp } from './conforming-app';
import { ConformancePlatform, type Answer } from './platform';

const APPS = join(__dirname, 'apps');

/** Texts that nobody but the app may ever see. */
const FIRST = 'token-9f2b1c7e-first';
const SECOND = 'token-51d0a8e3-second';
const OTHER = 'token-c04477aa-other';

const folder = new TestFolder();
let sgpu: Sgpu;
let platform: ConformancePlatform;
let printed = '';
/** The first call of each app that keeps things: their runners start beside the first tests. */
let first: Promise<readonly [Known, Known]>;

async function start(): Promise<void> {
  const keeping = readFileSync(join(APPS, 'keeping.py'), 'utf8').replaceAll('/mnt/shared', folder.file('mount'));
  const file = folder.write('keeping.py', keeping);
  const apps = [`${join(APPS, 'conforming.py')}::Conforming`, `${file}::Writer`, `${file}::Reader`];
  const PATH = `${folder.file('bin')}:${process.env.PATH ?? ''}`;
  sgpu = await Sgpu.serve(apps, { folder: folder.path, env: { TEST_FOLDER: folder.path, PATH } });
  platform = new ConformancePlatform(sgpu.url, sgpu.key, 'local', folder);
}

async function stop(): Promise<void> {
  await sgpu.stop();
  printed += sgpu.output;
}

/** A machine with four GPUs, as far as its driver's program says. */
async function fakeGpus(): Promise<void> {
  await mkdir(folder.file('bin'));
  const program = join(folder.file('bin'), 'nvidia-smi');
  await writeFile(program, "#!/bin/sh\nprintf 'GPU-%s, NVIDIA A10G, 23028\\n' a b c d\n");
  await chmod(program, 0o755);
}

beforeAll(async () => {
  await fakeGpus();
  await start();
  for (const [name, value] of [
    ['API_TOKEN', FIRST],
    ['OTHER_TOKEN', OTHER],
  ] as const) {
    await set(name, value);
  }
  first = Promise.all([known('writer'), known('reader')]);
  // Whoever awaits it is told; it must not count as unhandled before.
  first.catch(() => undefined);
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

const set = (name: string, value: string): Promise<Answer> =>
  platform.call(`/rest/admin/secrets/${name}`, { method: 'PUT', body: JSON.stringify({ value }) });

interface Known {
  readonly secrets: Readonly<Record<string, string>>;
  readonly gpus: readonly string[];
  readonly runner: string;
}
const known = async (app: string): Promise<Known> => (await platform.queued(app, {})).body as Known;
const told = (secrets: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(secrets).map(([name, value]) => [name, createHash('sha256').update(value).digest('hex')]),
  );

describeConformingApp('the local platform', () => platform);

describe('runners', () => {
  test('see exactly the GPUs they ask for, and no two the same', async () => {
    const [writer, reader] = await first;
    expect([writer.gpus.length, reader.gpus.length]).toEqual([2, 1]);
    const all = [...writer.gpus, ...reader.gpus];
    expect(new Set(all).size).toBe(3);
    for (const gpu of all) expect(['GPU-a', 'GPU-b', 'GPU-c', 'GPU-d']).toContain(gpu);
  });

  test('have the secrets that their app names, or all where it names none', async () => {
    const [writer, reader] = await first;
    expect(writer.secrets).toEqual(told({ API_TOKEN: FIRST }));
    expect(reader.secrets).toEqual(told({ API_TOKEN: FIRST, OTHER_TOKEN: OTHER }));
  });
});

describe('a volume', () => {
  const FILES = 50;
  const WRITERS = ['writer', 'reader'].flatMap((app) => ['a', 'b', 'c', 'd'].map((who) => ({ app, who })));

  test('takes many small files of many writers in several apps, each whole', async () => {
    const writes = WRITERS.map(({ app, who }) =>
      platform.queued(`${app}/write`, { writer: `${app}-${who}`, files: FILES }),
    );
    expect((await Promise.all(writes)).map(({ status }) => status)).toEqual(WRITERS.map(() => 200));
    await expectAll('writer');
    await expectAll('reader');
  });

  test('is there for the runners that come after', async () => {
    const { runner } = await known('writer');
    await set('API_TOKEN', SECOND);
    expect((await known('writer')).secrets).toEqual(told({ API_TOKEN: FIRST }));
    await platform.post('/rest/admin/apps/local/writer/rollout', {});
    await eventually(async () => {
      expect((await known('writer')).runner).not.toBe(runner);
    }, 50_000);
    await expectAll('writer');
  });

  async function expectAll(app: string): Promise<void> {
    const { body } = await platform.queued(`${app}/read`, {});
    const names = WRITERS.flatMap((writer) =>
      Array.from({ length: FILES }, (_, number) => `${writer.app}-${writer.who}-${number}`),
    );
    expect(body).toEqual(Object.fromEntries([...names, 'latest'].map((name) => [name, 1024])));
  }
});

describe('a secret that was set anew', () => {
  test('reaches the runners that came after, and the others with a rollout', async () => {
    // The rollout of the test before has made a new runner of this app, and left the other app its own.
    expect((await known('writer')).secrets).toEqual(told({ API_TOKEN: SECOND }));
    expect((await known('reader')).secrets).toMatchObject(told({ API_TOKEN: FIRST }));
  });

  test('reaches all runners with a restart of the platform, which keeps volumes too', async () => {
    await stop();
    await start();
    expect((await known('reader')).secrets).toEqual(told({ API_TOKEN: SECOND, OTHER_TOKEN: OTHER }));
    const { body } = await platform.queued('reader/read', {});
    expect(body).toMatchObject({ latest: 1024, 'writer-a-0': 1024 });
  });
});

test('no secret is in anything that the platform answers, prints or writes, but the store of secrets', async () => {
  const answers = await Promise.all(
    ['/apps', '/secrets', ...['conforming', 'writer', 'reader'].flatMap(pagesOf)].map((page) =>
      platform.call(`/rest/admin${page}`),
    ),
  );
  const written = filesBelow(folder.file('state')).filter((path) => !path.endsWith('/secrets.json'));
  await stop();
  expect(written.some((path) => path.includes('/logs/'))).toBe(true);
  const texts = [
    ...answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`),
    printed,
    ...filesBelow(folder.file('state'))
      .filter((path) => !path.endsWith('/secrets.json'))
      .map((path) => readFileSync(path, 'latin1')),
  ];
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  for (const secret of [FIRST, SECOND, OTHER]) {
    for (const form of [secret, Buffer.from(secret).toString('base64').slice(0, -4), encodeURIComponent(secret)]) {
      expect(texts.filter((text) => text.includes(form))).toEqual([]);
    }
  }
});

test('the store of secrets is its owner’s alone to read', () => {
  expect(statSync(join(folder.file('state'), 'secrets.json')).mode & 0o777).toBe(0o600);
});

test('an app that ends runs handle_exit() first and its asynchronous teardown() last', () => {
  const lines = folder.lines('journal');
  expect(lines.indexOf('handle_exit')).toBeGreaterThan(-1);
  expect(lines.indexOf('teardown')).toBeGreaterThan(lines.indexOf('handle_exit'));
});

function pagesOf(app: string): readonly string[] {
  return ['/runners', '/decisions', '/revisions', '/logs', '/requests'].map((page) => `/apps/local/${app}${page}`);
}

function filesBelow(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry: Dirent) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
