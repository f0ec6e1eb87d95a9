/** Commands that need no platform, or the folder of one alone. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parseFiles } from './project-files';
import { endAllSgpu } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';
import { Commands } from './commands';
import { servePlain } from './plain-server';

const folder = new TestFolder();
const commands = new Commands(folder);

afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

describe('init', () => {
  test.each(['typescript', 'python'])('makes a project in %s whose app can be served', async (language) => {
    const name = `my-${language}`;
    const { files } = (await commands.json('init', name, '--language', language)) as { files: readonly string[] };
    expect(files).toEqual(expect.arrayContaining(['app.py', 'cdk.json', '.gitignore']));
    const { app, json } = parseFiles(folder.file(name), files);
    expect(app).toMatchObject({ alias: name, endpoints: [expect.objectContaining({ path: '/' })] });
    expect(json['cdk.json']).toEqual({ app: language === 'python' ? 'python3 cdk_app.py' : 'npx tsx cdk-app.ts' });
  });

  test('takes the packed package, as long as no registry has it, and says so', async () => {
    folder.write('packed.tgz', '');
    const project = (name: string, ...args: readonly string[]): Promise<unknown> =>
      commands.json('init', name, ...args);
    await project('plainly');
    expect(readFileSync(folder.file('plainly/README.md'), 'utf8')).toMatch(/on no registry yet.*--package FILE/s);
    await project('packed-ts', '--package', 'packed.tgz');
    const packed = realpathSync(folder.file('packed.tgz'));
    expect(JSON.parse(readFileSync(folder.file('packed-ts/package.json'), 'utf8'))).toMatchObject({
      dependencies: { 'cdk-serverless-gpu': `file:${packed}` },
    });
    await project('packed-py', '--language', 'python', '--package', 'packed.tgz');
    expect(readFileSync(folder.file('packed-py/requirements.txt'), 'utf8').split('\n')).toContain(packed);
    expect(await commands.refusal('init', 'none', '--package', 'gone.tgz')).toMatch(/There is no file gone\.tgz/);
  });

  test('overwrites nothing', async () => {
    folder.write('kept.txt', 'mine');
    expect(await commands.refusal('init')).toMatch(/is not empty \(.*name a new folder$/);
    expect(await commands.refusal('init', 'kept.txt')).toMatch(/is a file: name a new folder$/);
    expect(readFileSync(folder.file('kept.txt'), 'utf8')).toBe('mine');
  });
});

describe('completion', () => {
  test('a shell completes commands and options', async () => {
    folder.write('completion.sh', await commands.text('completion', 'bash'));
    const completed = (...words: readonly string[]): readonly string[] => {
      const script = `. ./completion.sh; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sgpu; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const args = ['--norc', '-c', script, 'bash', ...words];
      return execFileSync('bash', args, { cwd: folder.path, encoding: 'utf8' }).trim().split('\n');
    };
    expect(completed('sgpu', 'sec')).toEqual(['secrets']);
    expect(completed('sgpu', 'app', 'sca')).toEqual(['scale']);
    expect(completed('sgpu', 'apps', 'scale', 'painter', '--keep')).toEqual(['--keep-alive']);
  });

  test.each(['zsh', 'fish'])('there is one for %s', async (shell) => {
    expect(await commands.text('completion', shell)).toMatch(/app scale|__fish_seen_subcommand_from scale/);
  });
});

describe('files', () => {
  const LOCAL = ['--state', 'state'];
  beforeAll(async () => {
    await servePlain(folder);
  });

  test('are copied to a volume, listed, renamed, copied back and removed', async () => {
    folder.write('weights.bin', 'weights');
    expect(await commands.json('files', 'ls', ...LOCAL)).toEqual({ files: [] });
    expect(await commands.json('files', 'upload', 'weights.bin', '/data/models/', ...LOCAL)).toEqual({
      path: '/data/models/weights.bin',
    });
    expect(readFileSync(folder.file('state/volumes/data/models/weights.bin'), 'utf8')).toBe('weights');
    expect(await commands.json('files', 'list', 'models', ...LOCAL)).toEqual({
      files: [expect.objectContaining({ path: '/data/models/weights.bin', kind: 'file', size: 7 })],
    });
    await commands.text('files', 'mv', '/data/models/weights.bin', '/data/w.bin', ...LOCAL);
    await commands.text('files', 'download', '/data/w.bin', 'back.bin', ...LOCAL);
    expect(readFileSync(folder.file('back.bin'), 'utf8')).toBe('weights');
    await commands.text('files', 'rm', '/data/w.bin', ...LOCAL);
    expect(await commands.refusal('files', 'rm', '/data/w.bin', ...LOCAL)).toBe(
      'sgpu: There is nothing at /data/w.bin',
    );
    expect(await commands.refusal('files', 'rm', '/', ...LOCAL)).toMatch(/is all volumes/);
  });

  test('no path leads out of the volumes', async () => {
    folder.write('outside.txt', 'mine');
    mkdirSync(folder.file('state/volumes/data'), { recursive: true });
    symlinkSync(folder.path, folder.file('state/volumes/data/link'));
    expect(await commands.refusal('files', 'rm', '/data/link/outside.txt', ...LOCAL)).toMatch(
      /leads out of the volumes/,
    );
    expect(await commands.refusal('files', 'rm', '/../../outside.txt', ...LOCAL)).toBe(
      'sgpu: There is nothing at /outside.txt',
    );
    expect(existsSync(join(folder.path, 'outside.txt'))).toBe(true);
  });

  test('what runners cost is estimated', async () => {
    expect(await commands.json('costs', ...LOCAL)).toMatchObject({
      apps: [{ app_id: 'local/plain', machine_type: 'CPU', runner_hours: 0, estimate: 0 }],
      total: 0,
    });
  });
});

test('what is no command is answered with the help, and exit code 1', async () => {
  const { code, errors } = await commands.run('aps', 'list');
  expect(code).toBe(1);
  expect(errors).toMatch(/unknown command 'aps'/);
  expect((await commands.run('--help')).code).toBe(0);
});
