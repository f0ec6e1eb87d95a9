import { join } from 'node:path';

/** A file of this package. This one lies two folders deep, and so does the app made for `cdk.json`. */
export function packagePath(...parts: readonly string[]): string {
  return join(__dirname, '..', '..', ...parts);
}

/** A folder that the package ships prebuilt. */
export function assetPath(...parts: readonly string[]): string {
  return packagePath('assets', ...parts);
}
