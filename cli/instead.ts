/** What fal's command line has and this one does not: it is understood, and answered with what to do instead. */
import { Command, Option } from 'commander';
import { UserError } from '../runtime/domain/user-error';

/** Options by their flags, each with what to do instead. They are in no help. */
export function withInstead(command: Command, options: Readonly<Record<string, string>>): Command {
  for (const [flags, instead] of Object.entries(options)) {
    const option = new Option(flags).hideHelp();
    command.addOption(option);
    command.on(`option:${option.name()}`, () => {
      throw new UserError(`${option.long ?? flags}: ${instead}`);
    });
  }
  return command;
}

/** A command that is in no help, whatever follows it. */
export function insteadCommand(name: string, instead: string): Command {
  return new Command(name)
    .argument('[arguments...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(() => {
      throw new UserError(instead);
    });
}

/** The commands below another that its help shows. */
export function shownCommands(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((below) => command.commands.includes(below));
}

/** Environments of fal. */
export const ENVIRONMENTS = {
  '--env <name>':
    'platforms stand for environments here: name one by --platform, or save and choose it by `sgpu auth login`',
} as const;

/** Options of fal that stand before its commands. */
export const BEFORE_COMMANDS = {
  '--debug': 'write -v behind the command to see its calls',
  '--pdb': 'no Python runs in this program: -v behind a command shows its calls',
  '--cprofile': 'no Python runs in this program: -v behind a command shows how long its calls take',
  '--team <name>':
    'an AWS account stands for a team: choose it by --aws-profile behind the command, or by `sgpu profile set`',
  '--host <host>': 'name the platform by --url, --platform or --local behind the command',
} as const;
