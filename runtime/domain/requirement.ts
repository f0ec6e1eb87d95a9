/** Entries of an app's `requirements`: lines of a pip requirements file, options included. */
import { UserError } from './user-error';

/** `-r`, `-c` and `-e` with their value, and local paths: the parts of an entry that name a file. */
const FILE_OPTION = /^(-r|--requirement|-c|--constraint|-e|--editable)(?:\s*=\s*|\s+|(?=[./]))(.+)$/;
const LOCAL_PATH = /^\.{1,2}(\/|\[|$)/;
const VARIABLE = /\$\{([A-Z0-9_]+)\}/g;

/** The entry as one line. Throws a `UserError` where it would become several. */
export function requirementLine(entry: string): string {
  if (/[\r\n\0]/.test(entry)) {
    throw new UserError(`The requirement ${JSON.stringify(entry)} spans lines: give each requirement its own string`);
  }
  return entry.trim();
}

/** Names of the `${NAME}` that the installer replaces by environment variables. */
export function requirementVariables(entry: string): readonly string[] {
  return [...entry.matchAll(VARIABLE)].map(([, name = '']) => name);
}

/** The line with the local path in it, if any, replaced by what `resolve` makes of it. */
export function resolveRequirement(line: string, resolve: (path: string) => string): string {
  const [, option, value] = FILE_OPTION.exec(line) ?? [];
  if (option !== undefined && value !== undefined) {
    return /^[a-z+]+:\/\//i.test(value) ? line : `${option} ${resolve(value)}`;
  }
  if (!LOCAL_PATH.test(line)) return line;
  const extras = /(\[[^\]]*\])$/.exec(line)?.[0] ?? '';
  return `${resolve(line.slice(0, line.length - extras.length))}${extras}`;
}

/** The path of the requirements or constraints file that a line includes. */
export function includedFile(line: string): string | undefined {
  const [, option = '', path] = FILE_OPTION.exec(line) ?? [];
  return /^(-r|--requirement|-c|--constraint)$/.test(option) ? path : undefined;
}
