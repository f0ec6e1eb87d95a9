import { UserError } from '../../../runtime/domain/user-error';
import { DockerIgnore } from '../../../runtime/source/docker-ignore';

test.each([
  ['secret.txt', 'secret.txt', true],
  ['secret.txt', 'folder/secret.txt', false],
  ['/secret.txt', 'secret.txt', true],
  ['folder', 'folder/deep/file.txt', true],
  ['folder/', 'folder/file.txt', true],
  ['./folder/../other', 'other/file.txt', true],
  ['*.log', 'run.log', true],
  ['*.log', 'folder/run.log', false],
  ['*/run.log', 'folder/run.log', true],
  ['**/*.log', 'run.log', true],
  ['**/*.log', 'a/b/run.log', true],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['a/**', 'a/b/c', true],
  ['file?.txt', 'file1.txt', true],
  ['file?.txt', 'file10.txt', false],
  ['file[0-3].txt', 'file2.txt', true],
  ['file[^0-3].txt', 'file2.txt', false],
  ['a.b', 'axb', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['# a comment', '# a comment', false],
  ['', 'anything', false],
])('the pattern %j keeps %j out: %s', (pattern, path, out) => {
  expect(new DockerIgnore(pattern).excludes(path)).toBe(out);
});

test('the last pattern that matches decides', () => {
  const ignore = new DockerIgnore('*\n!app.py\n!models\nmodels/large');
  expect(['app.py', 'other.py', 'models/a', 'models/large/b'].filter((path) => ignore.excludes(path))).toEqual([
    'other.py',
    'models/large/b',
  ]);
});

test('a folder is read only where an exception may let something in', () => {
  const ignore = new DockerIgnore('node_modules\ndata\n!data/small/*\n.git');
  expect(['node_modules', 'data', 'data/small', '.git', 'src'].filter((path) => ignore.excludesAllBelow(path))).toEqual(
    ['node_modules', '.git'],
  );
  expect(new DockerIgnore('data\n!**/keep').excludesAllBelow('data/deep')).toBe(false);
});

test('a malformed pattern is an error of its author', () => {
  expect(() => new DockerIgnore('a[')).toThrow(UserError);
  expect(() => new DockerIgnore('a[z-a]')).toThrow(UserError);
});
