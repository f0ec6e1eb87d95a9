import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

test('docs/cli.md says what the commands say', () => {
  const script = join(__dirname, '..', '..', 'scripts', 'cli-docs.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
