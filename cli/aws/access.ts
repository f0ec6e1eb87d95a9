/** With which AWS credentials, in which region, and whether the calls are shown. */
import { UserError } from '../../runtime/domain/user-error';

export interface AwsAccess {
  /** A profile of the AWS CLI. Default: `AWS_PROFILE`, else the SDK's usual chain. */
  readonly profile?: string;
  /** Default: `AWS_REGION`, else the profile's. */
  readonly region?: string;
  /** Write a line for each call to stderr. */
  readonly verbose: boolean;
}

/** What every client of the AWS SDK is made with. */
export interface ClientConfiguration {
  readonly profile?: string;
  readonly region?: string;
  readonly retryMode: 'standard';
}

export function clientConfiguration({ profile, region }: AwsAccess): ClientConfiguration {
  return {
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
    retryMode: 'standard',
  };
}

interface Calls {
  readonly middlewareStack: {
    add(
      middleware: (
        next: (call: never) => Promise<unknown>,
        context: { readonly clientName?: string; readonly commandName?: string },
      ) => (call: never) => Promise<unknown>,
      options: { readonly step: 'initialize'; readonly name: string },
    ): void;
  };
}

/** Makes a client write what it calls, when that is wanted. Parameters are left out: they may be secrets. */
export function shown<Client>(client: Client, { verbose }: AwsAccess): Client {
  if (!verbose) return client;
  (client as unknown as Calls).middlewareStack.add(
    (next, { clientName = '', commandName = '' }) =>
      async (call) => {
        const started = performance.now();
        const line = (result: string): void => {
          const ms = Math.round(performance.now() - started);
          console.error(
            `aws ${clientName.replace(/Client$/, '')} ${commandName.replace(/Command$/, '')} ${result} ${ms} ms`,
          );
        };
        try {
          const answer = await next(call);
          line('ok');
          return answer;
        } catch (error) {
          line((error as Error).name);
          throw error;
        }
      },
    { step: 'initialize', name: 'shown' },
  );
  return client;
}

/** The credentials are good, and not for this. */
export class NotAllowedError extends UserError {}

/** What AWS said, as something to do about it. Whatever has no mend is thrown as it is. */
export function awsProblem(error: unknown, doing: string): Error {
  const { name = '', message = '' } = error as Partial<Error>;
  if (/^(CredentialsProviderError|TokenProviderError)$/.test(name) || /could not load credentials/i.test(message)) {
    return new UserError(
      `No AWS credentials ${doing}: run \`aws configure\` or \`aws sso login\`, or name a profile by --aws-profile`,
    );
  }
  if (/region is missing/i.test(message)) {
    return new UserError(`No AWS region ${doing}: name one by --region, AWS_REGION or in the AWS profile`);
  }
  if (/ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidSignature/.test(name)) {
    return new UserError(`AWS refused the credentials ${doing} (${name}): log in to AWS again`);
  }
  if (/AccessDenied|UnauthorizedOperation|NotAuthorized/.test(name)) {
    return new NotAllowedError(`AWS does not allow these credentials ${doing}: ${message}`);
  }
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|TimeoutError|NetworkingError/.test(`${name} ${message}`)) {
    return new UserError(`AWS could not be reached ${doing}: ${message || name}. Check the region and the network`);
  }
  return error instanceof Error ? error : new Error(String(error));
}
