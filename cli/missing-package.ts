/** Packages that the command line loads when a command needs them, and that are not part of it. */
import { UserError } from '../runtime/domain/user-error';

/** With their versions: the native one and those of the CDK can't be bundled. */
export const LOADED_PACKAGES: Readonly<Record<string, string>> = {
  libsql: '0.5.29',
  '@aws-cdk/toolkit-lib': '1.40.1',
  'aws-cdk-lib': '2.276.0',
  constructs: '10.8.1',
};

/** What to install when that is what an error is about. */
export function missingPackage(error: unknown): UserError | undefined {
  const { code, message = '' } = error as Partial<NodeJS.ErrnoException>;
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return undefined;
  const wanted = /Cannot find (?:package|module) '((?:@[^/']+\/)?[^/']+)/.exec(message)?.[1] ?? '';
  const version = LOADED_PACKAGES[wanted];
  if (version === undefined) return undefined;
  return new UserError(
    `This command needs ${wanted}, which is not installed beside sgpu: run \`npm install ${wanted}@${version}\` in the ` +
      'folder where cdk-serverless-gpu is installed, and try again',
  );
}
