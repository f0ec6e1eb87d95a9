import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOADED_PACKAGES, missingPackage } from '../../cli/missing-package';

const failed = (code: string, message: string): Error => Object.assign(new Error(message), { code });

test.each([
  ['ERR_MODULE_NOT_FOUND', "Cannot find package 'libsql' imported from /x/sgpu.mjs", 'npm install libsql@'],
  ['MODULE_NOT_FOUND', "Cannot find module 'aws-cdk-lib/aws-ssm'", 'npm install aws-cdk-lib@'],
  [
    'ERR_MODULE_NOT_FOUND',
    "Cannot find package '@aws-cdk/toolkit-lib' imported from /x",
    'npm install @aws-cdk/toolkit-lib@',
  ],
])('%s: %s', (code, message, mend) => {
  expect(missingPackage(failed(code, message))?.message).toContain(mend);
});

test('other errors are not of missing packages', () => {
  expect(missingPackage(failed('ENOENT', "Cannot find package 'libsql'"))).toBeUndefined();
  expect(missingPackage(failed('MODULE_NOT_FOUND', "Cannot find module './own'"))).toBeUndefined();
});

test('the versions are those that are tested with', () => {
  const manifest = readFileSync(join(__dirname, '../../package.json'), 'utf8');
  const { dependencies, devDependencies } = JSON.parse(manifest) as Readonly<Record<string, Record<string, string>>>;
  expect({ ...devDependencies, ...dependencies }).toMatchObject(LOADED_PACKAGES);
});
