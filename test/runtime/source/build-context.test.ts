import { OUTPUT_SOCKET, SHARED_FOLDER } from '../../../runtime/aws-layout';
import { UserError } from '../../../runtime/domain/user-error';
import { buildContext, type BuildContext, type BuildContextInput } from '../../../runtime/source/build-context';
import { readFalSource, specFromSource } from '../../../runtime/source/fal-source';

const APP = `
import fal
class Words(fal.App):
    machine_type = "GPU-A10G"
    requirements = [["torch==2.8.0"], ["./helpers[all]", "--extra-index-url https://user:\${INDEX_TOKEN}@index.example/simple"]]
`;

function contextOf(text: string, more: Partial<BuildContextInput> = {}): BuildContext {
  const source = readFalSource(text, { file: 'app.py' });
  return buildContext({
    source,
    spec: specFromSource(source),
    entry: 'app.py',
    files: ['helpers/pyproject.toml', 'app.py'],
    ...more,
  });
}

function contentOf(context: BuildContext, path: string): string {
  const file = context.files.find((one) => one.path === path);
  return file !== undefined && 'content' in file ? file.content : '';
}

function dockerfileOf(context: BuildContext): string {
  return contentOf(context, context.dockerfile);
}

test('each list of requirements is a layer, after fal and before the app', () => {
  const text = dockerfileOf(contextOf(APP));
  const order = [
    'FROM',
    'fal-requirements.txt',
    'requirements-1.txt',
    'requirements-2.txt',
    '/opt/sgpu/runner',
    'app /app',
  ];
  const places = order.map((part) => text.indexOf(part));
  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

test('local paths in requirements are those of the app in the image', () => {
  const context = contextOf(APP);
  expect(contentOf(context, '.sgpu-image/requirements-2.txt')).toContain('/app/./helpers[all]\n');
  expect(dockerfileOf(context).match(/source=app,target=\/app/g)).toHaveLength(1);
});

test('variables in requirements become build secrets and stay unreplaced', () => {
  const context = contextOf(APP);
  expect(context.secrets).toEqual(['INDEX_TOKEN']);
  expect(contentOf(context, '.sgpu-image/requirements-2.txt')).toContain('${INDEX_TOKEN}');
  expect(dockerfileOf(context)).toContain('--mount=type=secret,id=INDEX_TOKEN');
});

test('the base is a build argument whose default follows the machine type', () => {
  expect(dockerfileOf(contextOf(APP))).toMatch(/^ARG BASE_IMAGE=nvidia\/cuda:/);
  const cpu = APP.replace('GPU-A10G', 'M');
  expect(dockerfileOf(contextOf(cpu))).toMatch(/^ARG BASE_IMAGE=python:/);
  expect(dockerfileOf(contextOf(cpu, { options: { baseImage: 'debian:12' } }))).toMatch(/^ARG BASE_IMAGE=debian:12/);
});

test('app and agent meet in the folder that the task definition mounts', () => {
  expect(dockerfileOf(contextOf(APP))).toContain(`chmod 1777 /data ${SHARED_FOLDER}\n`);
  expect(dockerfileOf(contextOf(APP))).toContain(`SGPU_AGENT_SOCKET=${OUTPUT_SOCKET} `);
});

test('the order in which files were listed does not matter', () => {
  expect(contextOf(APP, { files: ['app.py', 'helpers/pyproject.toml'] })).toEqual(contextOf(APP));
});

test('files that are ignored stay out, by default also environments, caches and .env', () => {
  const files = ['app.py', '.env', 'node_modules/x.js', 'lib/__pycache__/a.pyc', 'notes.md', 'weights/a.bin'];
  const context = contextOf(APP, { files, dockerignore: 'weights\n*.md' });
  expect(context.files.flatMap((file) => ('copyFromApp' in file ? [file.copyFromApp] : []))).toEqual(['app.py']);
});

test('an app whose own file is ignored is refused with the mend', () => {
  expect(() => contextOf(APP, { dockerignore: '*.py' })).toThrow('!app.py');
  expect(() => contextOf(APP, { files: [] })).toThrow(UserError);
});

test('the Python is the one that the app asks for, before that of the options', () => {
  const asked = APP.replace('fal.App', 'fal.App, python_version="3.11"');
  const options = { pythonVersion: '3.13' };
  expect(dockerfileOf(contextOf(asked, { options }))).toContain('3.11');
  expect(dockerfileOf(contextOf(asked, { options }))).not.toContain('3.13');
  expect(dockerfileOf(contextOf(APP, { options }))).toContain('3.13');
});

test('files and modules that the app names must go into its image', () => {
  const app = `${APP}    app_files = ["prompts.txt", "assets"]\n    local_python_modules = ["shared"]\n`;
  const files = ['pkg/app.py', 'pkg/prompts.txt', 'pkg/assets/a.bin', 'pkg/shared/__init__.py'];
  expect(contextOf(app, { entry: 'pkg/app.py', files }).files).not.toEqual([]);
  expect(() => contextOf(app, { entry: 'pkg/app.py', files, dockerignore: '**/*.txt' })).toThrow(
    "app.py:6: app_files: prompts.txt is not in the app's folder",
  );
});

describe('an image of the app’s own', () => {
  const OWN = `
import fal
from fal.container import ContainerImage
class Words(fal.App):
    image = ContainerImage.from_dockerfile_str("FROM node AS a\\nUSER x\\nFROM python:3.11\\nCOPY a.txt /\\nUSER worker\\n",
        build_args={"CUDA": 12}, secrets={"TOKEN": "x"})
`;

  test('is built upon, with its own user, arguments and secrets', () => {
    const context = contextOf(OWN);
    const text = dockerfileOf(context);
    expect(text.startsWith('FROM node AS a\n')).toBe(true);
    expect(text).toContain('\nUSER worker\nWORKDIR /app');
    expect(context).toMatchObject({ buildArgs: { CUDA: '12' }, secrets: ['TOKEN'] });
  });

  test('has no .dockerignore in its context, which would be applied to our files', () => {
    const context = contextOf(OWN, { files: ['app.py', '.dockerignore'], dockerignore: '*\n!app.py' });
    expect(context.files.map((file) => file.path)).not.toContain('.dockerignore');
  });

  test('finds the files it copies where its author put them', () => {
    expect(contextOf(OWN).files.map((file) => file.path)).toContain('app.py');
    expect(dockerfileOf(contextOf(OWN))).toContain('COPY . /app');
  });
});
