/** All commands, as a tree. */
import { Command } from 'commander';
import { deleteCommand } from './apps/delete';
import { deleteRevisionCommand } from './apps/delete-revision';
import { explainCommand } from './apps/explain';
import { allGpusCommand, appGpusCommand } from './apps/gpus';
import { listCommand as appsList } from './apps/list';
import { listRevisionsCommand } from './apps/list-revisions';
import { rolloutCommand } from './apps/rollout';
import { runnersCommand } from './apps/runners';
import { scaleCommand } from './apps/scale';
import { setRevisionCommand } from './apps/set-revision';
import { loginCommand } from './auth/login';
import { logoutCommand } from './auth/logout';
import { whoamiCommand } from './auth/whoami';
import { completionCommand } from './completion';
import { costsCommand } from './costs';
import { createCommand as keysCreate } from './keys/create';
import { listCommand as keysList } from './keys/list';
import { revokeCommand } from './keys/revoke';
import { deployCommand } from './deploy';
import { doctorCommand } from './doctor';
import { downloadCommand } from './files/download';
import { listCommand as filesList } from './files/list';
import { moveCommand } from './files/move';
import { removeCommand } from './files/remove';
import { uploadCommand } from './files/upload';
import { initCommand } from './init';
import { BEFORE_COMMANDS, insteadCommand, withInstead } from './instead';
import { logsCommand } from './logs';
import { listCommand as profileList } from './profiles/list';
import { setCommand as profileSet } from './profiles/set';
import { unsetCommand as profileUnset } from './profiles/unset';
import { deadLettersCommand } from './queue/dead-letters';
import { flushCommand } from './queue/flush';
import { redriveCommand } from './queue/redrive';
import { sizeCommand } from './queue/size';
import { runCommand } from './run';
import { execCommand, shellCommand } from './runners/exec';
import { killCommand } from './runners/kill';
import { listCommand as runnersList } from './runners/list';
import { logsCommand as runnersLogs } from './runners/logs';
import { stopCommand } from './runners/stop';
import { listCommand as secretsList } from './secrets/list';
import { setCommand as secretsSet } from './secrets/set';
import { unsetCommand as secretsUnset } from './secrets/unset';
import { simulateCommand } from './simulate';

export function sgpuProgram(): Command {
  const program = new Command('sgpu')
    .description('Serverless GPU apps: on this machine and in your own AWS account')
    .helpCommand(true)
    // Options before the command are fal's own; behind it, `--host` is the command's.
    .enablePositionalOptions();
  for (const command of commands()) program.addCommand(command);
  for (const command of notHere()) program.addCommand(command, { hidden: true });
  return withSettings(withInstead(program, BEFORE_COMMANDS));
}

function commands(): readonly Command[] {
  return [
    runCommand(),
    deployCommand(),
    appsList(),
    logsCommand(),
    deleteCommand(),
    group('app', ['apps', 'application'], 'apps: settings, revisions, runners', [
      appsList(),
      runnersCommand(),
      explainCommand(),
      scaleCommand(),
      listRevisionsCommand(),
      setRevisionCommand(),
      rolloutCommand(),
      appGpusCommand(),
      deleteCommand(),
      deleteRevisionCommand(),
    ]),
    group('runners', ['runner', 'machine'], 'runners: list, logs, exec, stop, kill', [
      runnersList(),
      runnersLogs(),
      execCommand(),
      shellCommand(),
      allGpusCommand(),
      stopCommand(),
      killCommand(),
    ]),
    group('queue', [], 'what waits, and what failed for good', [
      sizeCommand(),
      flushCommand(),
      deadLettersCommand(),
      redriveCommand(),
    ]),
    group('secrets', ['secret'], 'secrets of the apps', [secretsSet(), secretsList(), secretsUnset()]),
    group('keys', ['key'], 'API keys', [keysCreate(), keysList(), revokeCommand()]),
    group('auth', [], 'log in to a platform', [loginCommand(), logoutCommand(), whoamiCommand()]),
    withHidden(group('profile', ['profiles'], 'saved platforms', [profileList(), profileSet(), profileUnset()]), {
      key: 'A key is saved with its platform: `sgpu auth login --url URL --profile NAME`',
      host: 'An address is saved with its key: `sgpu auth login --url URL --profile NAME`',
      create: 'A platform is saved by `sgpu auth login --profile NAME`',
      delete: 'A saved platform is forgotten by `sgpu auth logout --profile NAME`',
    }),
    withHidden(
      group('files', ['file'], 'files on volumes', [
        filesList(),
        uploadCommand(),
        downloadCommand(),
        moveCommand(),
        removeCommand(),
      ]),
      { 'upload-url': 'Download it first: `curl -O URL`, then `sgpu files upload FILE /data/FILE`' },
    ),
    initCommand(),
    doctorCommand(),
    costsCommand(),
    simulateCommand(),
    completionCommand(),
  ];
}

/** Commands of fal's that have another name here, or none. */
function notHere(): readonly Command[] {
  const environments = group('environments', ['environment', 'envs', 'env'], '', [
    insteadCommand('list', 'Platforms stand for environments here: `sgpu profile list` lists those that are saved'),
    insteadCommand('create', 'Platforms stand for environments here: `sgpu deploy FILE.py --platform NAME` makes one'),
    insteadCommand(
      'delete',
      'Platforms stand for environments here: delete the apps, then the stack sgpu-NAME-platform',
    ),
  ]);
  const team =
    'An AWS account stands for a team: choose it by --aws-profile, or save it with its platform by `sgpu auth login`';
  return [
    environments,
    ...['account', 'accounts', 'team', 'teams'].map((name) => insteadCommand(name, team)),
    insteadCommand('create', 'A new project is made by `sgpu init`'),
    insteadCommand('api', 'Call apps by curl or with a client of fal: `sgpu deploy` and `sgpu run` print how'),
  ];
}

function group(name: string, aliases: readonly string[], description: string, members: readonly Command[]): Command {
  const command = new Command(name).description(description).aliases(aliases);
  for (const member of members) command.addCommand(member);
  return command;
}

function withHidden(command: Command, others: Readonly<Record<string, string>>): Command {
  for (const [name, instead] of Object.entries(others)) {
    command.addCommand(insteadCommand(name, instead), { hidden: true });
  }
  return command;
}

/** Commander passes settings on to commands that it makes itself, not to those that are added. */
function withSettings(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help shows what there is)');
  for (const below of command.commands) withSettings(below);
  return command;
}
