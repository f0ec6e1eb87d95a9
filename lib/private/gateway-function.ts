import { Duration, Fn } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { HANDLER } from '../../runtime/aws-layout';
import { gatewayStatements } from './gateway-statements';
import { PlatformArns } from './platform-arns';
import { PlatformFunction, type PlatformFunctionSurroundings } from './platform-function';

/** The HTTP API as a function. Keys are checked by its code: fal's clients sign nothing. */
export class GatewayFunction extends PlatformFunction {
  constructor(scope: Construct, id: string, props: PlatformFunctionSurroundings) {
    super(scope, id, {
      ...props,
      handler: HANDLER.gateway,
      description: `The HTTP API of ${props.names.platform}`,
      memorySize: 1024,
      timeout: Duration.minutes(15),
      statements: gatewayStatements(new PlatformArns(scope, props.names)),
    });
  }

  /** Gives it a URL that streams: `https://…`, without a path. */
  public addUrl(): string {
    const url = this.function.addFunctionUrl({
      authType: lambda.FunctionUrlAuthType.NONE,
      invokeMode: lambda.InvokeMode.RESPONSE_STREAM,
    });
    return `https://${Fn.select(2, Fn.split('/', url.url))}`;
  }
}
