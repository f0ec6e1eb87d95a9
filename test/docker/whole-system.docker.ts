/**
 * The whole system with real containers: images built from the synthesised assets, started by `RunTask`, driven by fal's
 * client. See `test/aws` for the same with processes, and for what else is tried there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FalClient } from '@fal-ai/client';
import { AppSource, ServerlessGpuApp } from '../../lib';
import { CONTAINER, VARIABLE } from '../../runtime/aws-layout';
import { UV_IMAGE } from '../../runtime/source/build-context';
import { synthesise } from '../aws/assembly';
import { clientOf } from '../aws/clients';
import { EmulatedPlatform } from '../aws/emulated-platform';
import type { RunningContainers, TaskToStart } from '../aws/task-definitions';
import { eventually } from '../contract/eventually';
import { DockerEngine } from '../support/docker-engine';
import { BASE_PYTHON, baseImage, nodeImage, packageAccess, uvImage } from '../support/docker-images';
import { ContainerTask, relayTo } from './container-task';

const APP = join(__dirname, '..', 'aws', 'apps', 'versioned.py');
const PATIENCE_MS = 180_000;

jest.setTimeout(1_200_000);

interface DockerAsset {
  readonly source: {
    readonly directory: string;
    readonly dockerFile?: string;
    readonly dockerBuildArgs?: Readonly<Record<string, string>>;
  };
}

let folder: string;
let engine: DockerEngine;
let platform: EmulatedPlatform;
let fal: FalClient;
let relayed: string;
const lines: string[] = [];
const started: { readonly running: ContainerTask; readonly ended: Promise<unknown> }[] = [];

/** Undoes what was started, last first. */
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sgpu-docker-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  engine = await DockerEngine.start();
  ends.push(() => engine.stop());
  const assembly = await version('1');
  await buildImages(assembly);
  platform = await EmulatedPlatform.start({
    ...{ assembly, stackName: 'Shop', cluster: 'sgpu-shop', ruleIntervalMs: 5_000 },
    startTask: startContainers,
    onLine: (line) => lines.push(line),
  });
  ends.push(() => platform.stop());
  ends.push(endContainers);
  const { url, relay } = await relayTo(platform.recorder.endpoint, engine.gateway);
  ends.push(() => relay.close());
  relayed = url;
  fal = await clientOf(platform);
  await platform.appsKnown('shop/versioned');
});

afterAll(async () => {
  // SHOW=FILE: what functions, agents and apps printed, to find out why a test failed.
  if (process.env.SHOW !== undefined) writeFileSync(process.env.SHOW, lines.join('\n'));
  for (const end of ends.reverse()) await end();
});

function version(name: string): Promise<string> {
  return synthesise('Shop', (stack) => {
    const source = AppSource.falApp(APP, 'Versioned');
    new ServerlessGpuApp(stack, 'App', { source, environment: { VERSION: name } });
  });
}

/** The images of the assets, tagged by their hashes; the bases come from this machine instead of a registry. */
async function buildImages(assembly: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(assembly, 'Shop.assets.json'), 'utf8')) as {
    dockerImages: Readonly<Record<string, DockerAsset>>;
  };
  const secrets = await packageAccess(folder);
  // The Dockerfile names this image without an argument.
  await engine.docker('tag', await uvImage(engine), UV_IMAGE);
  for (const [hash, { source }] of Object.entries(manifest.dockerImages)) {
    const context = join(assembly, source.directory);
    const dockerfile = join(context, source.dockerFile ?? 'Dockerfile');
    const isAgent = source.dockerFile === undefined;
    const bases: Readonly<Record<string, string>> = isAgent
      ? { BASE_IMAGE: await nodeImage(engine) }
      : { BASE_IMAGE: await baseImage(engine), PYTHON_VERSION: BASE_PYTHON, SYSTEM_PACKAGES: 'ca-certificates' };
    await engine.build({
      ...{ tag: tagOf(hash), context, dockerfile, buildArgs: { ...source.dockerBuildArgs, ...bases } },
      ...(isAgent ? {} : { secrets }),
    });
  }
}

function tagOf(hash: string): string {
  return `sgpu-test/asset:${hash.slice(0, 16)}`;
}

/** The hash at the end of `….dkr.ecr.….amazonaws.com/cdk-…:<hash>`. */
function imageOf({ containers }: TaskToStart, name: string): string {
  const image = containers.find((container) => container.Name === name)?.Image ?? '';
  return tagOf(image.slice(image.lastIndexOf(':') + 1));
}

function startContainers(task: TaskToStart): RunningContainers {
  const running = new ContainerTask(engine, {
    app: imageOf(task, CONTAINER.app),
    agent: imageOf(task, CONTAINER.agent),
  });
  // A container that has ended already can't be stopped.
  const gone = (): void => undefined;
  const ended = live(running, task);
  started.push({ running, ended });
  return {
    ended,
    stop: () => void running.stop('agent').catch(gone),
    kill: () => void running.kill('app').catch(gone),
  };
}

/** The engine is stopped next. */
async function endContainers(): Promise<void> {
  await Promise.allSettled(started.map(({ running }) => running.stop('agent')));
  await Promise.allSettled(started.map(({ ended }) => ended));
}

/** What ECS does for a task: when one essential container ends, so does the other. */
async function live(running: ContainerTask, task: TaskToStart): Promise<{ readonly exitCode: number }> {
  try {
    await running.start(await variables(task, CONTAINER.app), {
      ...(await variables(task, CONTAINER.agent)),
      ...task.credentials,
      AWS_ENDPOINT_URL: relayed,
      [VARIABLE.appUrl]: 'http://app:8080',
    });
    await Promise.race([running.ended('app'), running.ended('agent')]);
    await running.stop('agent');
    return { exitCode: await running.stop('app') };
  } finally {
    await running.remove();
  }
}

async function variables(task: TaskToStart, name: string): Promise<Readonly<Record<string, string>>> {
  const declared = task.containers.find((container) => container.Name === name)?.Environment ?? [];
  const all = {
    ...Object.fromEntries(declared.map(({ Name, Value }) => [Name, Value])),
    ...(await task.secrets(name)),
  };
  const here = Object.entries({ ...all, ...task.overrides[name] });
  return Object.fromEntries(here.map(([key, value]) => [key, value.replaceAll(platform.recorder.endpoint, relayed)]));
}

interface Answer {
  readonly version: string;
  readonly runner: string;
}

async function answer(seconds = 0): Promise<Answer> {
  return (await fal.subscribe('shop/versioned', { input: { seconds } })).data as Answer;
}

test('from zero machines, the image that was synthesised answers', async () => {
  expect(await answer()).toMatchObject({ version: '1' });
});

test('a request whose container is killed is answered by another', async () => {
  const { request_id: requestId } = await fal.queue.submit('shop/versioned', { input: { seconds: 8 } });
  await eventually(async () => {
    expect((await fal.queue.status('shop/versioned', { requestId })).status).toBe('IN_PROGRESS');
  }, PATIENCE_MS);
  platform.tasks('versioned')[0]?.kill();
  await fal.queue.subscribeToStatus('shop/versioned', { requestId });
  expect((await fal.queue.result('shop/versioned', { requestId })).data).toMatchObject({ version: '1' });
});

test('the next revision takes over, and one that is broken gives way to it', async () => {
  await platform.redeploy(await version('2'));
  await eventually(async () => {
    expect((await answer()).version).toBe('2');
  }, PATIENCE_MS);
  await platform.redeploy(await version('broken'));
  await eventually(async () => {
    const { runners } = (await platform.admin('/apps/shop/versioned/runners')) as { runners: { exit?: string }[] };
    expect((await answer()).version).toBe('2');
    expect(runners.map(({ exit }) => exit)).toContain('startup_failed');
  }, PATIENCE_MS);
});

test('every call that was made is one that its role may make', async () => {
  expect(await platform.denials()).toEqual([]);
});
