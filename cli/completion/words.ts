/** What can be typed behind each command. */
import type { Command } from 'commander';
import { shownCommands } from '../instead';

export interface Words {
  /** The commands typed so far, without the program: `` or `app scale`. */
  readonly path: string;
  readonly commands: readonly string[];
  readonly options: readonly string[];
}

/** Of a command and of all below it. */
export function words(command: Command, path: readonly string[] = []): readonly Words[] {
  const visible = command.options.filter(({ hidden }) => !hidden);
  const own: Words = {
    path: path.join(' '),
    commands: shownCommands(command).map((below) => below.name()),
    options: [...visible.flatMap(({ long }) => (long == null ? [] : [long])), '--help'],
  };
  const below = shownCommands(command).flatMap((member) =>
    [member.name(), ...member.aliases()].flatMap((name) => words(member, [...path, name])),
  );
  return [own, ...below];
}
