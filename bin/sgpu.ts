/** The command line of the platform. */
import { CommanderError } from 'commander';
import { sgpuProgram } from '../cli/program';
import { UserError } from '../runtime/domain/user-error';

try {
  await sgpuProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode);
  if (!(error instanceof UserError)) throw error;
  console.error(`sgpu: ${error.message}`);
  process.exit(1);
}
