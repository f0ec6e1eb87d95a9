import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { UserError } from '../../../runtime/domain/user-error';
import { PythonEnvironments, type PythonEnvironmentsOptions } from '../../../runtime/local/python-environments';
import { findPython } from '../../../runtime/local/python-interpreter';
import { makeWheel } from './wheels';

let folder: string;
let cacheDirectory: string;
let closureRequirements: string;
let reported: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sgpu-environments-'));
  cacheDirectory = join(folder, 'cache');
  closureRequirements = join(folder, 'closure.txt');
  reported = [];
  await writeFile(closureRequirements, `${makeWheel(folder, 'served_with', 'who = "closure"')}\n`);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function environments(options: Partial<PythonEnvironmentsOptions> = {}): PythonEnvironments {
  return new PythonEnvironments({
    cacheDirectory,
    closureRequirements,
    report: (line) => reported.push(line),
    ...options,
  });
}

function python(executable: string, code: string, env: Record<string, string> = {}): string {
  const { stdout, stderr, status } = spawnSync(executable, ['-c', code], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** A PATH on which uv is found or not, whatever the machine has. */
function pathWith(installer: 'uv' | 'pip'): string {
  const directories = (process.env.PATH ?? '').split(delimiter);
  if (installer === 'uv') return directories.join(delimiter);
  return directories.filter((directory) => !existsSync(join(directory, 'uv'))).join(delimiter);
}

const installers = spawnSync('uv', ['--version']).status === 0 ? (['pip', 'uv'] as const) : (['pip'] as const);

describe.each(installers)('with %s', (installer) => {
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    env = { ...process.env, PATH: pathWith(installer) };
  });

  test('an environment has its requirements, and fal apart from it', async () => {
    const wheel = makeWheel(folder, 'wanted', 'value = 7');
    const { python: executable, closure, binDirectory } = await environments({ env }).prepare([[wheel]]);

    expect(python(executable, 'import wanted; print(wanted.value)')).toBe('7');
    expect(() => python(executable, 'import served_with')).toThrow("No module named 'served_with'");
    expect(python(executable, 'import served_with; print(served_with.who)', { PYTHONPATH: closure })).toBe('closure');
    expect(executable).toBe(join(binDirectory, 'python'));
  });

  test('lists are installed one after the other: a later one may replace what an earlier one brought', async () => {
    const older = makeWheel(folder, 'wanted', 'value = "old"', '1.0');
    const newer = makeWheel(folder, 'wanted', 'value = "new"', '2.0');
    const { python: executable } = await environments({ env }).prepare([[older], [newer]]);
    expect(python(executable, 'import wanted; print(wanted.value)')).toBe('new');
  });

  test('requirements that do not resolve are a user error that names them', async () => {
    const requirement = `${join(folder, 'absent')}-1.0-py3-none-any.whl`;
    const failed = environments({ env }).prepare([[requirement]]);
    await expect(failed).rejects.toThrow(UserError);
    await expect(failed).rejects.toThrow(/^The requirements can't be installed: .*absent/);
    expect((await readdir(cacheDirectory)).filter((name) => name.startsWith('environment-'))).toEqual([]);
  });

  test('a variable in a requirement is taken from the environment', async () => {
    makeWheel(folder, 'wanted', 'value = 7');
    const requirement = '${WHEEL_FOLDER}/wanted-1.0-py3-none-any.whl';
    const withVariable = environments({ env: { ...env, WHEEL_FOLDER: folder } });
    const { python: executable } = await withVariable.prepare([[requirement]]);
    expect(python(executable, 'import wanted; print(wanted.value)')).toBe('7');
  });
});

test('the same requirements give the same environment, other ones another', async () => {
  const one = makeWheel(folder, 'one', '');
  const two = makeWheel(folder, 'two', '');
  const first = await environments().prepare([[one]]);
  expect(await environments().prepare([[one]])).toEqual(first);
  const other = await environments().prepare([[one], [two]]);
  expect(other.python).not.toBe(first.python);
  expect(other.closure).toBe(first.closure);
});

test('what is asked for by several at once is made once', async () => {
  const wheel = makeWheel(folder, 'wanted', '');
  const prepared = await Promise.all(Array.from({ length: 4 }, () => environments().prepare([[wheel]])));
  expect(new Set(prepared.map(({ python: executable }) => executable)).size).toBe(1);
  expect((await readdir(cacheDirectory)).filter((name) => /^environment-[0-9a-f]+-/.test(name))).toHaveLength(1);
  expect(reported.filter((line) => line.startsWith('Making a Python environment'))).toHaveLength(1);
});

test('the lock of a process that is gone holds nobody up', async () => {
  const wheel = makeWheel(folder, 'wanted', '');
  const { binDirectory } = await environments().prepare([[wheel]]);
  const built = (await readdir(cacheDirectory)).find((name) => /^environment-.*\.built$/.test(name)) ?? '';
  const { pid } = spawnSync('true');
  await unlink(join(cacheDirectory, built));
  await writeFile(join(cacheDirectory, built.replace('.built', '.lock')), String(pid));
  const again = await environments().prepare([[wheel]]);
  expect(again.binDirectory).not.toBe(binDirectory);
});

test('an environment whose Python was removed is made again', async () => {
  const wheel = makeWheel(folder, 'wanted', '');
  const { python: executable, binDirectory } = await environments().prepare([[wheel]]);
  for (const name of await readdir(binDirectory)) if (name.startsWith('python')) await unlink(join(binDirectory, name));
  await symlink(join(folder, 'gone'), executable);
  const again = await environments().prepare([[wheel]]);
  expect(again.python).not.toBe(executable);
  expect(python(again.python, 'import wanted; print("ok")')).toBe('ok');
});

test('a changed requirements file means another environment; its path starts from the app', async () => {
  const wheel = makeWheel(folder, 'wanted', 'value = 7');
  await writeFile(join(folder, 'needs.txt'), `${wheel}\n`);
  const first = await environments().prepare([['-r needs.txt']], { directory: folder });
  expect(python(first.python, 'import wanted; print(wanted.value)')).toBe('7');
  await writeFile(join(folder, 'needs.txt'), `${wheel}\n# changed\n`);
  const second = await environments().prepare([['-r needs.txt']], { directory: folder });
  expect(second.python).not.toBe(first.python);
});

test('a requirement is never read by a shell', async () => {
  const marker = join(folder, 'marker');
  await expect(environments().prepare([[`x; touch ${marker}`]])).rejects.toThrow(UserError);
  await expect(environments().prepare([[`$(touch ${marker})`]])).rejects.toThrow(UserError);
  expect(existsSync(marker)).toBe(false);
});

test('a requirement with a line break is refused', async () => {
  await expect(environments().prepare([['a\n-r /etc/passwd']])).rejects.toThrow('give each requirement its own string');
});

test('a variable that is not set is named', async () => {
  await expect(environments({ env: { PATH: process.env.PATH } }).prepare([['${NOT_THERE}/x']])).rejects.toThrow(
    'needs the environment variable NOT_THERE: set it',
  );
});

test('without a Python the error names what was looked for', async () => {
  const old = await fakePython('old-python', '3.8.1');
  const failed = environments({ pythonCandidates: ['no-such-python', old] }).prepare([]);
  await expect(failed).rejects.toThrow(UserError);
  await expect(failed).rejects.toThrow(`No Python 3.10 or newer was found: looked for no-such-python, ${old}.`);
});

test('the Python that an app asks for is taken, and no other in its place', async () => {
  const first = await fakePython('first', '3.11.4');
  const second = await fakePython('second', '3.12.1');
  const pythonCandidates = [first, second];
  expect(await findPython(pythonCandidates)).toMatchObject({ version: '3.11.4' });
  expect(await findPython(pythonCandidates, '3.12')).toMatchObject({ version: '3.12.1' });
  // None is 3.1: it is no beginning of 3.12.
  const failed = environments({ pythonCandidates }).prepare([], { pythonVersion: '3.1' });
  await expect(failed).rejects.toThrow(UserError);
  await expect(failed).rejects.toThrow(
    `No Python 3.1 was found, which the app asks for by python_version: looked for ${first}, ${second}, python3.1.`,
  );
});

async function fakePython(name: string, version: string): Promise<string> {
  const path = join(folder, name);
  const description = JSON.stringify({ executable: path, version, platform: 'any', pip: null });
  await writeFile(path, `#!/bin/sh\necho '${description}'\n`, { mode: 0o755 });
  return path;
}

test('a disk without room is said to be full', async () => {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(
    join(bin, 'uv'),
    '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "No space left on device" >&2\nexit 2\n',
  );
  await chmod(join(bin, 'uv'), 0o755);
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
  await expect(environments({ env }).prepare([])).rejects.toThrow('The disk is full');
});
