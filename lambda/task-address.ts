/** The address of this task in its VPC. */
import { variable } from './environment';

/** Set by ECS in every container. */
const METADATA = 'ECS_CONTAINER_METADATA_URI_V4';

/** By the task metadata endpoint, version 4; throws when it doesn't say. */
export async function taskAddress(): Promise<string> {
  const answer = await fetch(variable(METADATA));
  const { Networks } = (await answer.json()) as {
    readonly Networks?: readonly { readonly IPv4Addresses?: readonly string[] }[];
  };
  const address = Networks?.[0]?.IPv4Addresses?.[0];
  if (address === undefined) throw new Error('ECS names no IPv4 address of this task');
  return address;
}
