/** The command line of the platform. */
import { Command, CommanderError } from 'commander';
import { runCommand } from '../cli/run';
import { simulateCommand } from '../cli/simulate';
import { UserError } from '../runtime/domain/user-error';

const program = new Command('sgpu')
  .description('Serverless GPU apps: on this machine and in your own AWS account')
  .showHelpAfterError()
  .exitOverride()
  .addCommand(runCommand())
  .addCommand(simulateCommand());

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode);
  if (!(error instanceof UserError)) throw error;
  console.error(`sgpu: ${error.message}`);
  process.exit(1);
}
