/** docs/compatibility.md says what the tests show. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

test('the matrix is current, and every test that it names exists', () => {
  const program = join(__dirname, '..', '..', 'scripts', 'compatibility.mjs');
  expect(execFileSync(process.execPath, [program, '--check'], { encoding: 'utf8' })).toBe('');
});
