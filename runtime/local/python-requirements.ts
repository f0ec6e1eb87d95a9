/** The requirements of an app as the installers read them, and what their content depends on. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { includedFile, requirementLine, requirementVariables, resolveRequirement } from '../domain/requirement';
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
  const lines = list.map((entry) => absolute(entry, directory, env)).filter((line) => line !== '');
  const files = await Promise.all(lines.map(includedText));
  return {
    text: lines.map((line) => `${line}\n`).join(''),
    identity: lines.map((line, index) => `${line}\n${files[index] ?? ''}`),
  };
}

function absolute(entry: string, directory: string, env: NodeJS.ProcessEnv): string {
  const line = requirementLine(entry);
  for (const name of requirementVariables(line)) {
    if (env[name] === undefined) {
      throw new UserError(`The requirement ${JSON.stringify(entry)} needs the environment variable ${name}: set it`);
    }
  }
  return resolveRequirement(line, (path) => resolve(directory, path));
}

/** The content of a requirements or constraints file that a line includes: a change of it means another environment. */
async function includedText(line: string): Promise<string | undefined> {
  const path = includedFile(line);
  if (path === undefined || !isAbsolute(path)) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new UserError(`The requirements file ${path} can't be read: ${line}`);
  }
}
