/**
 * Folder and environment of the apps that run, as files in the state folder that only its owner may read, so that
 * `sgpu runners exec` can run a command beside an app. They have the values of secrets in them, as the folder has anyway.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Those of one platform. What a former one left is removed. */
export class RunnerSurroundings {
  private readonly folder: string;

  constructor(stateFolder: string) {
    this.folder = folderIn(stateFolder);
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  keep(runner: string, cwd: string, env: Readonly<Record<string, string | undefined>>): void {
    const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
    try {
      writeFileSync(fileOf(this.folder, runner), JSON.stringify({ cwd, env: given }), { mode: 0o600 });
    } catch {
      // On a full disk the app runs all the same, and nothing beside it.
    }
  }

  forget(runner: string): void {
    rmSync(fileOf(this.folder, runner), { force: true });
  }
}

/** `undefined` when no such runner has its app started. */
export function readSurroundings(stateFolder: string, runner: string): Surroundings | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(folderIn(stateFolder), runner), 'utf8')) as Surroundings;
  } catch {
    return undefined;
  }
}

function folderIn(stateFolder: string): string {
  return join(stateFolder, 'runners');
}

function fileOf(folder: string, runner: string): string {
  return join(folder, `${encodeURIComponent(runner)}.json`);
}
