import type { IConstruct } from 'constructs';

/** Throws what the user is to mend, with the construct it is about. The message names the prop. */
export function refuse(construct: IConstruct, message: string): never {
  throw new Error(`${construct.node.path}: ${message}`);
}

/** Of a mistake of the user's; anything else is thrown on. By its name: the bundled reader has a class of its own. */
export function messageForUser(error: unknown): string {
  if (error instanceof Error && error.name === 'UserError') return error.message;
  throw error;
}
