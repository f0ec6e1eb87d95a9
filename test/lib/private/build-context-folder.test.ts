import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readAppFolder, writeBuildContext } from '../../../lib/private/build-context-folder';
import { buildContext } from '../../../runtime/source/build-context';
import { readFalSource, specFromSource } from '../../../runtime/source/fal-source';

const root = join(__dirname, '..', '..', '..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sgpu-context-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

const APP = 'import fal\nclass Words(fal.App):\n    machine_type = "S"\n';

test('the context holds the app, the runner and nothing that is ignored', () => {
  write({ 'app/words.py': APP, 'app/.dockerignore': 'secrets\n', 'app/secrets/key': 'k', 'app/data/list.txt': 'a' });
  const source = readFalSource(APP, { file: 'words.py' });
  const app = readAppFolder(join(folder, 'app', 'words.py'));
  const target = join(folder, 'context');
  writeBuildContext(buildContext({ source, spec: specFromSource(source), ...app }), app, root, target);
  const written = readdirSync(target, { recursive: true, encoding: 'utf8' });
  expect(written).toEqual(
    expect.arrayContaining([
      'app/words.py',
      'app/data/list.txt',
      '.sgpu-image/Dockerfile',
      '.sgpu-image/runner/serve.py',
    ]),
  );
  expect(written.filter((path) => path.includes('secret'))).toEqual(['.sgpu-image/with-secrets.sh']);
  expect(written.filter((path) => path.includes('__pycache__'))).toEqual([]);
  expect(readFileSync(join(target, 'app', 'words.py'), 'utf8')).toBe(APP);
});

test('a file of a package brings the folder that the package is imported from', () => {
  write({ 'src/words/__init__.py': '', 'src/words/app.py': APP, 'src/other.py': '' });
  expect(readAppFolder(join(folder, 'src', 'words', 'app.py'))).toMatchObject({
    folder: join(folder, 'src'),
    entry: 'words/app.py',
    files: ['other.py', 'words/__init__.py', 'words/app.py'],
  });
});

test('context_dir, dockerignore and the Dockerfile of an image are found from the app’s file', () => {
  write({ 'words/app.py': APP, 'shared/a.txt': '', 'shared/b.txt': '', 'words/Dockerfile': 'FROM python' });
  const image = { dockerfile_path: 'Dockerfile', context_dir: '..', dockerignore: ['shared/b*'] };
  expect(readAppFolder(join(folder, 'words', 'app.py'), image)).toMatchObject({
    entry: 'words/app.py',
    files: ['shared/a.txt', 'words/Dockerfile', 'words/app.py'],
    dockerfile: 'FROM python',
  });
});

test('an app outside of its context_dir is refused', () => {
  write({ 'words/app.py': APP, 'shared/a.txt': '' });
  const image = { dockerfile: 'FROM python', context_dir: '../shared' };
  expect(() => readAppFolder(join(folder, 'words', 'app.py'), image)).toThrow('context_dir');
});
