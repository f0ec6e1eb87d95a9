/** `sgpu completion` */
import { Argument, Command } from 'commander';
import { bashCompletion, fishCompletion, zshCompletion } from './completion/scripts';
import { words } from './completion/words';

export function completionCommand(): Command {
  return new Command('completion')
    .summary('let a shell complete commands')
    .description('Prints a script that lets a shell complete commands and options.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  sgpu completion bash >> ~/.bashrc
  sgpu completion zsh > "\${fpath[1]}/_sgpu"
  sgpu completion fish > ~/.config/fish/completions/sgpu.fish`,
    )
    .action(function (this: Command, shell: string) {
      const known = words(this.parent ?? this);
      const script = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }[shell];
      process.stdout.write(script?.(known) ?? '');
    });
}
