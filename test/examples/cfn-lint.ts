/** cfn-lint, AWS's linter of templates. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pythonPackages } from '../support/python-packages';

const CFN_LINT = 'cfn-lint==1.58.0';

const IGNORED = [
  // `DependsOn` beside a reference: the CDK writes both for a function and its role.
  'W3005',
  // `Fn::Join` without a separator: that is how the CDK writes ARNs.
  'E3703',
  // An output that is made from another stack's: the URL of an app on a platform of another stack.
  'W6001',
];

interface Finding {
  readonly Filename: string;
  readonly Level: string;
  readonly Rule: { readonly Id: string };
  readonly Message: string;
  readonly Location: { readonly Path?: readonly (string | number)[] | null };
}

/** What it finds in templates, in words. */
export async function cfnLint(templates: readonly string[]): Promise<readonly string[]> {
  const main = 'import sys; from cfnlint.runner import main; sys.exit(main())';
  const options = ['--format', 'json', '--non-zero-exit-code', 'none', '--ignore-checks', ...IGNORED];
  const { stdout } = await promisify(execFile)('python3', ['-c', main, ...options, '--', ...templates], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONPATH: await pythonPackages(CFN_LINT) },
    maxBuffer: 64 * 1024 * 1024,
  });
  return (JSON.parse(stdout) as readonly Finding[]).map(
    ({ Rule, Message, Location }) => `${Rule.Id} at ${(Location.Path ?? []).join('/')}: ${Message}`,
  );
}
