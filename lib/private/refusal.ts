import type { IConstruct } from 'constructs';

/** Throws what the user is to mend, with the construct it is about. The message names the prop. */
export function refuse(construct: IConstruct, message: string): never {
  throw new Error(`${construct.node.path}: ${message}`);
}
