/**
 * A mistake that whoever runs the platform can mend. It is shown as its message alone, without a stack trace; the
 * message names the thing that is wrong and what to do.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}
