/**
 * Calls that outlast the process that answers them. Whoever runs the gateway where a call has a time limit (15 minutes on
 * Lambda) aborts the signal of the request with this reason shortly before the end.
 */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

export function ranOutOfTime({ signal }: Request): boolean {
  return signal.aborted && signal.reason instanceof OutOfTime;
}
