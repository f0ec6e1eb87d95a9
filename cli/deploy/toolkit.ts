/** The CDK's toolkit, with its messages and questions on this terminal. */
import { BaseCredentials, Toolkit, type IIoHost, type IoMessage, type IoRequest } from '@aws-cdk/toolkit-lib';
import type { AwsAccess } from '../aws/access';
import { colorsFor } from '../output';

export function toolkitFor({ profile, region, verbose }: AwsAccess): Toolkit {
  return new Toolkit({
    ioHost: new Terminal(verbose),
    color: process.stderr.isTTY,
    emojis: false,
    unstableFeatures: ['publish-assets'],
    sdkConfig: {
      baseCredentials: BaseCredentials.awsCliCompatible({
        ...(profile === undefined ? {} : { profile }),
        ...(region === undefined ? {} : { defaultRegion: region }),
      }),
    },
  });
}

/** Progress goes to stderr: stdout has the result alone. Whether to deploy was asked before. */
class Terminal implements IIoHost {
  constructor(private readonly verbose: boolean) {}

  async notify({ level, message }: IoMessage<unknown>): Promise<void> {
    if (!this.verbose && (level === 'debug' || level === 'trace')) return;
    const colors = colorsFor(process.stderr);
    const text = level === 'error' ? colors.red(message) : level === 'warn' ? colors.yellow(message) : message;
    process.stderr.write(`${text.trimEnd()}\n`);
  }

  async requestResponse<T>({ defaultResponse }: IoRequest<unknown, T>): Promise<T> {
    return defaultResponse;
  }
}
