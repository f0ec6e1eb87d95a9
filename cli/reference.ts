/** The reference of all commands, as Markdown: made from what the commands say of themselves. */
import type { EventEmitter } from 'node:events';
import type { Argument, Command, Option } from 'commander';
import { shownCommands } from './instead';
import { platformCommand } from './platform-command';

export function reference(program: Command): string {
  const commands = below(program);
  return [
    '# `sgpu`',
    '',
    '<!-- Made by `node scripts/cli-docs.mjs` from the commands. -->',
    '',
    INTRODUCTION,
    '',
    'Commands about a platform, marked by a star, have these options:',
    '',
    '| | |',
    '|---|---|',
    ...platformCommand('')
      .options.filter(({ hidden }) => !hidden)
      .map(optionRow),
    '',
    '| Command | What it does |',
    '|---|---|',
    ...commands.map(
      ({ name, command }) =>
        `| [\`${name}\`](#${anchor(name)}) | ${cell(command.summary() || command.description())} |`,
    ),
    ...commands.flatMap(section),
    '',
  ].join('\n');
}

const INTRODUCTION = `Commands about a platform take it, in this order, from \`--local\`, \`--url\` or \`--platform\`, from \`--profile\`
or \`FAL_PROFILE\`, from the last \`sgpu auth login\`, or from the one that runs with its state in \`./.sgpu\`. On AWS they
find the platform and its admin key by your AWS credentials; the key to an address is in \`FAL_KEY\`.

Results go to stdout, everything else to stderr. With \`--output json\` the result is one JSON value in the shape that each
command names (\`logs\`: one value a line). Exit codes: 0 done, 1 refused or failed, 130 interrupted. Without a terminal
nothing is asked: what needs a yes takes \`--yes\`.

Apps may be named \`owner/name\` or by their name alone. Where fal has environments there are platforms here: give each its
own name, and switch by \`sgpu profile set\`.`;

interface NamedCommand {
  readonly name: string;
  readonly command: Command;
}

/** The commands that do something, in the order of the help. */
function below(command: Command, path: readonly string[] = [command.name()]): readonly NamedCommand[] {
  if (command.commands.length === 0) return [{ name: path.join(' '), command }];
  return shownCommands(command).flatMap((member) => below(member, [...path, member.name()]));
}

function section({ name, command }: NamedCommand): readonly string[] {
  const aboutPlatform = SHARED.every((flags) => command.options.some((option) => option.flags === flags));
  const own = command.options.filter(({ flags, hidden }) => !hidden && !(aboutPlatform && SHARED.includes(flags)));
  const rows = [
    ...command.registeredArguments.map((argument) => row(argumentTerm(argument), argument.description)),
    ...own.map(optionRow),
  ];
  return [
    '',
    `## ${name}`,
    '',
    `${cell(command.description())}${aboutPlatform ? ' \\*' : ''}`,
    ...(rows.length === 0 ? [] : ['', '| | |', '|---|---|', ...rows]),
    ...helpTexts(command),
  ];
}

/** What all commands about a platform have in common. */
const SHARED = platformCommand('', { stateOption: false }).options.map(({ flags }) => flags);

function optionRow(option: Option): string {
  return row(option.flags, optionDescription(option));
}

function row(term: string, description: string): string {
  return `| \`${cell(term)}\` | ${cell(description)} |`;
}

function argumentTerm(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionDescription({ description, argChoices, defaultValue, defaultValueDescription, envVar }: Option): string {
  const parts = [
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...defaultOf(defaultValueDescription ?? (defaultValue as unknown)),
    ...(envVar === undefined ? [] : [`variable: ${envVar}`]),
  ];
  return parts.length === 0 ? description : `${description} (${parts.join('; ')})`;
}

function defaultOf(value: unknown): readonly string[] {
  return typeof value === 'string' || typeof value === 'number' ? [`default: ${value}`] : [];
}

/** What `addHelpText` adds: shapes and examples. */
function helpTexts(command: Command): readonly string[] {
  const lines: string[] = [];
  // Commander's types leave out that a command is an emitter, which is how these texts are shown.
  (command as unknown as EventEmitter).emit('afterHelp', {
    error: false,
    command,
    write: (text: string) => lines.push(text),
  });
  const text = lines.join('').trim();
  return text === '' ? [] : ['', '```text', text, '```'];
}

/** A vertical bar ends a cell of a table. */
function cell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/\s+/g, ' ');
}

function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(' ', '-');
}
