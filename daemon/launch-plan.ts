/** How a runner's process is started on this machine: command, environment, port. */
import { dirname, join } from 'node:path';
import type { AppSpec } from '../runtime/domain/app-spec';
import type { RunnerRecord } from '../runtime/domain/runner';
import type { LaunchPlan } from '../runtime/local/child-process-fleet';
import type { PythonEnvironments } from '../runtime/local/python-environments';
import type { AppSource, ServedApp } from './served-app';

export interface LaunchSurroundings {
  readonly environments: PythonEnvironments;
  /** The program of `runner-image/python` that serves a fal app. */
  readonly serveProgram: string;
  /** Where volumes are kept, a folder for each name. */
  readonly volumesFolder: string;
  /** The platform's own address, for uploads and calls made by apps. */
  readonly platformUrl: string;
  /** The key that apps act with. */
  readonly appKey: string;
  /** The secrets that the app gets, by their names. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The variables by which apps trust the platform's https; none without it. */
  readonly trust: Readonly<Record<string, string>>;
  /** Told what the start waits for. */
  readonly progress: (runner: RunnerRecord, waitingFor: string) => Promise<void>;
}

export async function launchPlan(
  surroundings: LaunchSurroundings,
  { source, record }: ServedApp,
  runner: RunnerRecord,
): Promise<LaunchPlan> {
  const environment = {
    ...process.env,
    ...surroundings.secrets,
    ...platformVariables(surroundings, record.id, runner),
    ...record.spec.env,
  };
  return source.kind === 'exec'
    ? commandPlan(source, environment)
    : falPlan(surroundings, source, record.spec, runner, environment);
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables fal sets in a runner, with the addresses of this platform. */
function platformVariables(
  { platformUrl, appKey, trust }: LaunchSurroundings,
  app: string,
  runner: RunnerRecord,
): Environment {
  const { host } = new URL(platformUrl);
  return {
    ...trust,
    FAL_KEY: appKey,
    FAL_APP_NAME: app,
    FAL_APP_ID: app,
    FAL_JOB_ID: runner.id,
    FAL_RUN_HOST: `${host}/run`,
    FAL_QUEUE_RUN_HOST: `${host}/queue`,
    SGPU_RUN_URL: `${platformUrl}/run`,
    SGPU_QUEUE_URL: `${platformUrl}/queue`,
    SGPU_REST_URL: `${platformUrl}/rest`,
    SGPU_CDN_URL: `${platformUrl}/cdn`,
  };
}

/** The command is the user's own, given on the command line; the shell reads it as it would there. */
function commandPlan({ command, port }: Extract<AppSource, { kind: 'exec' }>, environment: Environment): LaunchPlan {
  return {
    command: 'sh',
    args: ['-c', command],
    cwd: process.cwd(),
    env: { ...environment, PORT: String(port) },
    port,
  };
}

async function falPlan(
  { environments, serveProgram, volumesFolder, progress }: LaunchSurroundings,
  source: Extract<AppSource, { kind: 'fal' }>,
  spec: AppSpec,
  runner: RunnerRecord,
  environment: Environment,
): Promise<LaunchPlan> {
  await progress(runner, 'building its Python environment');
  const { python, closure, binDirectory } = await environments.prepare(spec.requirements, {
    directory: dirname(source.file),
    ...(source.pythonVersion === undefined ? {} : { pythonVersion: source.pythonVersion }),
  });
  return {
    command: python,
    args: [serveProgram, '--file', source.file, '--name', source.name, '--host', '127.0.0.1', '--port', '0'],
    cwd: dirname(source.file),
    env: {
      ...environment,
      PATH: `${binDirectory}:${process.env.PATH ?? ''}`,
      VIRTUAL_ENV: dirname(binDirectory),
      SGPU_FAL_CLOSURE: closure,
      SGPU_VOLUMES: JSON.stringify(volumeFolders(spec, volumesFolder)),
      // Lines reach the log as they are printed, not when a buffer is full.
      PYTHONUNBUFFERED: '1',
    },
    port: source.exposedPort ?? 'announced',
  };
}

/** Mount path → folder. Volume names are checked by the app spec: none can lead out of the folder. */
function volumeFolders({ volumes }: AppSpec, folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(volumes).map(([path, name]) => [path, join(folder, name)]));
}
