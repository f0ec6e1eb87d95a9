/** Questions, which are asked on a terminal only. */
import { UserError } from '../runtime/domain/user-error';

/** Asks before something that can't be undone. Without a terminal it must have been said before, by `--yes`. */
export async function confirmed(question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true) return true;
  requireTerminal(`${question} Say so by --yes`);
  const { confirm } = await import('@inquirer/prompts');
  return asked(confirm({ message: question, default: false }));
}

/** A text that is typed unseen. */
export async function askedSecret(question: string, otherwise: string): Promise<string> {
  requireTerminal(otherwise);
  const { password } = await import('@inquirer/prompts');
  return asked(password({ message: question, mask: true }));
}

export async function askedText(question: string, otherwise: string, preset?: string): Promise<string> {
  requireTerminal(otherwise);
  const { input } = await import('@inquirer/prompts');
  return asked(input({ message: question, required: true, ...(preset === undefined ? {} : { default: preset }) }));
}

function requireTerminal(otherwise: string): void {
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw new UserError(otherwise);
}

/** Ctrl-C at a question ends the command as it would anywhere else. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if ((error as Error).name === 'ExitPromptError') process.exit(130);
    throw error;
  }
}
