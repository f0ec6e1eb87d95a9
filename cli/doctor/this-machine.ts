/** What deployments and clients need of this machine. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ok, warning, type Finding } from './finding';

const run = promisify(execFile);
const PATIENCE_MS = 15_000;

/** Images are built here. Builds in CodeBuild, and apps that bring an image, need none. */
export async function checkContainerEngine(): Promise<Finding> {
  try {
    const { stdout } = await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: PATIENCE_MS });
    return ok('docker', `version ${stdout.trim()}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const text = code === 'ENOENT' ? 'there is no docker here' : 'docker is here, and its daemon does not answer';
    return warning(
      'docker',
      text,
      'start or install Docker, or deploy with --image-build codebuild (ImageBuild.codeBuild() in a CDK project)',
    );
  }
}

/** Variables that lead fal's clients. What is set for fal itself does not reach a platform of yours. */
export function checkClientSettings(environment: NodeJS.ProcessEnv = process.env): readonly Finding[] {
  const { FAL_KEY: key, FAL_RUN_HOST: run, FAL_QUEUE_RUN_HOST: queue } = environment;
  return [
    ...(key === undefined || /^[^:\s]+:[^:\s]+$/.test(key)
      ? [ok('FAL_KEY', key === undefined ? 'not set: needed to call private apps' : 'set')]
      : [warning('FAL_KEY', 'it does not look like id:secret', 'take the line that `sgpu keys create` prints')]),
    ...(run !== undefined && queue === undefined
      ? [
          warning(
            'FAL_QUEUE_RUN_HOST',
            'not set while FAL_RUN_HOST is',
            'set both: the Python client queues at fal.run else',
          ),
        ]
      : []),
    ...[run, queue]
      .filter((host) => host?.includes('://'))
      .map((host) =>
        warning('FAL_RUN_HOST', `'${host ?? ''}' begins with a protocol`, 'write the host alone, such as host/run'),
      ),
  ];
}
