/** An app with an image of its own, which is built upon: its Python, its files, its user. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAppFolder, writeBuildContext } from '../../lib/private/build-context-folder';
import { buildContext } from '../../runtime/source/build-context';
import { readFalSource, specFromSource } from '../../runtime/source/fal-source';
import { DockerEngine } from '../support/docker-engine';
import { baseImage, packageAccess, uvImage } from '../support/docker-images';

jest.setTimeout(900_000);

const root = join(__dirname, '..', '..');
const IMAGE = 'sgpu-test/own-image';

let folder: string;
let engine: DockerEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sgpu-docker-'));
  engine = await DockerEngine.start();
});

afterAll(async () => {
  await engine.docker('rmi', '--force', IMAGE).catch(() => '');
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

function appOn(base: string): string {
  return `
import fal
from fal.container import ContainerImage
import house

class Guest(fal.App):
    machine_type = "XS"
    requirements = ["./house"]
    image = ContainerImage.from_dockerfile_str("""
ARG BASE
FROM ${base}
ARG COLOUR
RUN echo "$COLOUR" > /colour && useradd --uid 1234 guest
COPY notes.txt /notes.txt
USER guest
""", build_args={"COLOUR": "blue"})

    @fal.endpoint("/")
    def read(self) -> list[str]:
        import os
        return [open("/colour").read().strip(), open("/notes.txt").read(), house.NAME, str(os.getuid())]
`;
}

test('it serves with its own Python, files, arguments and user, and with a package of the app’s folder', async () => {
  const file = join(folder, 'app', 'app.py');
  const text = appOn(await baseImage(engine));
  mkdirSync(join(folder, 'app', 'house'), { recursive: true });
  writeFileSync(file, text);
  writeFileSync(join(folder, 'app', 'notes.txt'), 'a note');
  writeFileSync(join(folder, 'app', 'house', 'pyproject.toml'), PROJECT);
  writeFileSync(join(folder, 'app', 'house', 'house.py'), 'NAME = "house"\n');
  const source = readFalSource(text, { file });
  const app = readAppFolder(file, source.image);
  const options = { uvImage: await uvImage(engine) };
  const context = buildContext({ source, spec: specFromSource(source), ...app, options });
  const target = join(folder, 'context');
  writeBuildContext(context, app, root, target);
  await engine.build({
    tag: IMAGE,
    context: target,
    dockerfile: join(target, context.dockerfile),
    buildArgs: context.buildArgs,
    secrets: await packageAccess(folder),
  });
  expect(await answerOf(IMAGE)).toEqual(['blue', 'a note', 'house', '1234']);
});

const PROJECT = `
[project]
name = "house"
version = "1.0"
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
`;

/** What the app says to `POST /`, asked from within its container. */
async function answerOf(image: string): Promise<unknown> {
  const container = await engine.docker('run', '--detach', '--init', image);
  const ask =
    'import urllib.request as r; print(r.urlopen(r.Request("http://localhost:8080/", b"{}")).read().decode())';
  try {
    for (;;) {
      const running = await engine.docker('inspect', '--format', '{{.State.Running}}', container);
      if (running !== 'true') throw new Error(`The app ended: ${await engine.docker('logs', container)}`);
      const answer = await engine.docker('exec', container, 'python3', '-c', ask).catch(() => undefined);
      if (answer !== undefined) return JSON.parse(answer);
      await sleep(500);
    }
  } finally {
    await engine.docker('rm', '--force', container);
  }
}
