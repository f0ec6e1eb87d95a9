import { Stack, Tokenization } from 'aws-cdk-lib';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { propOf } from './app-settings';
import { refuse } from './refusal';

/** Of a standard parameter, which costs nothing. */
const MAX_BYTES = 4096;

/** More than any ARN or URL that CloudFormation fills in. */
const FILLED_IN = ' '.repeat(200);

/** What the running platform is told, as JSON in a standard parameter. */
export function deploymentParameter(scope: Construct, id: string, name: string, deployment: object): CfnParameter {
  const bytes = bytesOf(deployment);
  if (bytes > MAX_BYTES) {
    refuse(scope, `${longestOf(deployment)} is too long: ${name} would have ${bytes} bytes of at most ${MAX_BYTES}`);
  }
  return new CfnParameter(scope, id, { type: 'String', name, value: Stack.of(scope).toJsonString(deployment) });
}

function bytesOf(value: unknown): number {
  const filledIn = Tokenization.reverseString(JSON.stringify(value)).mapTokens({ mapToken: () => FILLED_IN });
  return Buffer.byteLength(String(filledIn.join({ join: (left, right) => `${left}${right}` })));
}

/** What to shorten: settings of an app are named as its props are. */
function longestOf({ spec, ...rest }: { readonly spec?: object }): string {
  const parts = Object.entries({ ...rest, ...spec }).filter(([, value]) => value !== undefined);
  const [longest] = parts.sort(([, one], [, other]) => bytesOf(other) - bytesOf(one));
  return `\`${propOf(longest?.[0] ?? '')}\``;
}
