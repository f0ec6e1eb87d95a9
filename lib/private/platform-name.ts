import { createHash } from 'node:crypto';
import { Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { MAX_PLATFORM_NAME } from '../../runtime/aws-layout';
import { refuse } from './refusal';

/** The name that a platform was given, or one made from that of its stack. */
export function platformName(platform: Construct, given: string | undefined): string {
  if (given === undefined) return defaultPlatformName(Stack.of(platform).stackName);
  if (Token.isUnresolved(given)) {
    refuse(platform, '`platformName` must be known at synthesis: names of resources and apps are made from it');
  }
  if (!/^[a-z][a-z0-9-]*$/.test(given) || given.length > MAX_PLATFORM_NAME) {
    refuse(
      platform,
      `\`platformName\` is '${given}': it must have 1 to ${MAX_PLATFORM_NAME} lower-case letters, digits and '-', the first a letter`,
    );
  }
  return given;
}

/** The stack's name in lower case; of a longer one the start and six digits that tell it from others. */
function defaultPlatformName(stackName: string): string {
  const name = stackName.toLowerCase();
  if (name.length <= MAX_PLATFORM_NAME) return name;
  const digits = createHash('sha256').update(stackName).digest('hex').slice(0, 6);
  return `${name.slice(0, MAX_PLATFORM_NAME - digits.length - 1).replace(/-$/, '')}-${digits}`;
}
