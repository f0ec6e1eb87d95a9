/** `sgpu runners exec` and `sgpu runners shell` */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { readSurroundings } from '../../daemon/runner-surroundings';
import { alive, type RunnerRecord } from '../../runtime/domain/runner';
import { UserError } from '../../runtime/domain/user-error';
import { onPlatform, platformCommand, type Session } from '../platform-command';

export function execCommand(): Command {
  return platformCommand('exec')
    .summary('runs a command beside an app')
    .description(
      "Runs a command in the folder and with the environment of a runner's app, its secrets included, and ends with its " +
        'exit code. On this machine alone: runners on AWS are started without ECS Exec.',
    )
    .argument('<runner>', 'the id of the runner, as `sgpu runners list` shows it')
    .argument('<command...>', 'behind --, so that its options are its own')
    .option('-i, --interactive', 'as it is anyway: the command has this terminal')
    .option('-t, --tty', 'the same')
    .addHelpText('after', '\nExamples:\n  sgpu runners exec 0198c2e1-7a11-7cc3-8a52-6f2f0d9b8a10 -- pip list')
    .action(
      onPlatform<readonly [string, readonly string[]]>(async (session, [id, command]) => {
        await execute(session, id, command);
      }),
    );
}

export function shellCommand(): Command {
  return platformCommand('shell')
    .summary('opens a shell beside an app')
    .description("Opens your shell in the folder and with the environment of a runner's app. On this machine alone.")
    .argument('<runner>', 'the id of the runner, as `sgpu runners list` shows it')
    .addHelpText('after', '\nExamples:\n  sgpu runners shell 0198c2e1-7a11-7cc3-8a52-6f2f0d9b8a10')
    .action(
      onPlatform<readonly [string]>(async (session, [id]) => {
        await execute(session, id, [process.env.SHELL ?? 'sh']);
      }),
    );
}

async function execute({ client, target }: Session, id: string, command: readonly string[]): Promise<void> {
  const { runner } = await client.call<{ readonly runner: RunnerRecord }>('GET', `/runners/${encodeURIComponent(id)}`);
  if (!alive(runner)) throw new UserError(`Runner ${id} has ended: \`sgpu runners list\` shows those that are there`);
  if (target.kind === 'aws') throw new UserError(ON_AWS);
  if (target.kind === 'url')
    throw new UserError('Commands run on the machine of the runner: go there, and use --local');
  const surroundings = readSurroundings(target.state, runner.id);
  if (surroundings === undefined) {
    throw new UserError(
      `Runner ${id} has not started its app yet: \`sgpu app explain ${runner.app}\` tells what it waits for`,
    );
  }
  process.exitCode = await exitCodeOf(command, surroundings);
}

const ON_AWS =
  'Runners on AWS are started without ECS Exec, which would need rights in their roles: `sgpu runners logs` shows what one ' +
  'prints, and `sgpu run` serves the app on a machine where exec works';

/** Ctrl-C is for the command: it ends by it, and this process with it. */
function exitCodeOf(
  [file = '', ...args]: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<number> {
  const child = spawn(file, args, { cwd, env: { ...env, TERM: process.env.TERM }, stdio: 'inherit' });
  const leave = (): void => undefined;
  process.on('SIGINT', leave);
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new UserError(error.code === 'ENOENT' ? `There is no command ${file} in the runner's PATH` : error.message),
      );
    });
    child.once('exit', (code, signal) => {
      process.off('SIGINT', leave);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}
