/** The command line of the platform. */
import { CommanderError } from 'commander';
import { missingPackage } from '../cli/missing-package';
import { sgpuProgram } from '../cli/program';
import { UserError } from '../runtime/domain/user-error';

// Which Node the AWS SDK will want next year is no news for whoever runs a command.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// Whoever reads the output may stop reading: `sgpu logs painter | head`.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  process.exit(code === 'EPIPE' ? 0 : 1);
});

try {
  await sgpuProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode);
  const told = error instanceof UserError ? error : missingPackage(error);
  if (told === undefined) throw error;
  console.error(`sgpu: ${told.message}`);
  process.exit(1);
}
