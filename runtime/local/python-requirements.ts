/** The requirements of an app as the installers read them, and what their content depends on. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { UserError } from '../domain/user-error';

/** One install step: the text of a requirements file, and all that decides what it installs. */
export interface InstallStep {
  readonly text: string;
  readonly identity: readonly string[];
}

/**
 * Reads the lists of an app; each list is installed before the next. An entry is a line of a requirements file, options
 * included, with paths relative to `directory`. `${NAME}` stays in the text: the installer replaces it, so that no secret
 * is written to disk.
 */
export async function installSteps(
  lists: readonly (readonly string[])[],
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly InstallStep[]> {
  const steps = await Promise.all(lists.map((list) => installStep(list, directory, env)));
  return steps.filter(({ text }) => text !== '');
}

async function installStep(list: readonly string[], directory: string, env: NodeJS.ProcessEnv): Promise<InstallStep> {
  const lines = list.map((entry) => absolute(checked(entry, env), directory)).filter((line) => line !== '');
  const files = await Promise.all(lines.map(includedFile));
  return {
    text: lines.map((line) => `${line}\n`).join(''),
    identity: lines.map((line, index) => `${line}\n${files[index] ?? ''}`),
  };
}

function checked(entry: string, env: NodeJS.ProcessEnv): string {
  if (/[\r\n\0]/.test(entry)) {
    throw new UserError(`The requirement ${JSON.stringify(entry)} spans lines: give each requirement its own string`);
  }
  for (const [, name = ''] of entry.matchAll(/\$\{([A-Z0-9_]+)\}/g)) {
    if (env[name] === undefined) {
      throw new UserError(`The requirement ${JSON.stringify(entry)} needs the environment variable ${name}: set it`);
    }
  }
  return entry.trim();
}

/** `-r`, `-c` and `-e` with their value, and local paths: the parts of an entry that name a file. */
const FILE_OPTION = /^(-r|--requirement|-c|--constraint|-e|--editable)(?:\s*=\s*|\s+|(?=[./]))(.+)$/;
const LOCAL_PATH = /^\.{1,2}(\/|\[|$)/;

function absolute(line: string, directory: string): string {
  const [, option, value] = FILE_OPTION.exec(line) ?? [];
  if (option !== undefined && value !== undefined) {
    return /^[a-z+]+:\/\//i.test(value) ? line : `${option} ${resolve(directory, value)}`;
  }
  if (!LOCAL_PATH.test(line)) return line;
  const extras = /(\[[^\]]*\])$/.exec(line)?.[0] ?? '';
  return `${resolve(directory, line.slice(0, line.length - extras.length))}${extras}`;
}

/** The content of a requirements or constraints file that a line includes: a change of it means another environment. */
async function includedFile(line: string): Promise<string | undefined> {
  const [, option = '', path = ''] = FILE_OPTION.exec(line) ?? [];
  if (!/^(-r|--requirement|-c|--constraint)$/.test(option) || !isAbsolute(path)) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new UserError(`The requirements file ${path} can't be read: ${line}`);
  }
}
