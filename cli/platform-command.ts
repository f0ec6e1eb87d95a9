/** Commands about a platform: which one, how it is reached, how the result is shown. */
import { Command } from 'commander';
import { AdminClient } from './admin-client';
import { ENVIRONMENTS, withInstead } from './instead';
import { addOutputOptions, Output, type OutputOptions } from './output';
import { whileWaiting } from './progress';
import { addTargetOptions, chooseTarget, type Target, type TargetOptions } from './target';

export type PlatformOptions = TargetOptions & OutputOptions;

/** What a command works with. */
export interface Session {
  readonly target: Target;
  readonly client: AdminClient;
  readonly output: Output;
}

/** A command with the options that all commands about a platform have. */
export function platformCommand(name: string, options: { readonly stateOption?: boolean } = {}): Command {
  return withInstead(addOutputOptions(addTargetOptions(new Command(name), options)), ENVIRONMENTS);
}

/** The action of such a command, called with its arguments and options as they were declared: commander can't type them. */
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters */
export function onPlatform<Arguments extends readonly unknown[], Options = object>(
  work: (session: Session, args: Arguments, options: Options & PlatformOptions) => Promise<void>,
): (this: Command) => Promise<void> {
  return async function (this: Command) {
    const options = this.opts<Options & PlatformOptions>();
    const args = this.processedArgs as unknown as Arguments;
    await work(await openSession(options), args, options);
  };
}

/** The same without a connection to the platform. */
export function onTarget<Arguments extends readonly unknown[], Options = object>(
  work: (session: Omit<Session, 'client'>, args: Arguments, options: Options & PlatformOptions) => Promise<void> | void,
): (this: Command) => Promise<void> {
  return async function (this: Command) {
    const options = this.opts<Options & PlatformOptions>();
    const session = { target: chooseTarget(options), output: new Output(options) };
    await work(session, this.processedArgs as unknown as Arguments, options);
  };
}
/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

export async function openSession(options: PlatformOptions): Promise<Session> {
  const target = chooseTarget(options);
  return {
    target,
    client: await connect(target, options.verbose === true),
    output: new Output(options),
  };
}

/** The SDK of AWS is loaded only for a platform on AWS. */
export async function connect(target: Target, verbose: boolean): Promise<AdminClient> {
  if (target.kind !== 'aws') {
    const mend = target.kind === 'local' ? 'start it again by `sgpu run`' : 'check the address and the network';
    const { url, key } = target;
    return new AdminClient({ url, mend, verbose, ...(key === undefined ? {} : { key }) });
  }
  const { findPlatform } = await import('./aws/find-platform');
  const found = await whileWaiting(`Looking for ${target.platform}`, findPlatform(target.platform, target.access));
  return new AdminClient({
    ...found,
    verbose,
    mend: `\`sgpu doctor --platform ${target.platform}\` says what is wrong`,
  });
}
