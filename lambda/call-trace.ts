/** What AWS X-Ray is told of each call, where the template says that a function is traced. */
import { VARIABLE } from '../runtime/aws-layout';
import type * as tracing from './tracing';

/** Annotations of a call: traces are searched by them. */
export interface CallNotes {
  /** What was asked for, without names and ids: `POST /queue/*`. */
  route?: string;
  /** Of the HTTP answer. */
  status?: number;
}

/** Does the work of a call, which fills in the notes. An error that it throws is noted too. */
export type CallTrace = <T>(work: (notes: CallNotes) => Promise<T>) => Promise<T>;

/** The library is a sixth of the gateway's bundle: a function that is not traced must not read it. */
export async function openCallTrace(service: string): Promise<CallTrace> {
  if (process.env[VARIABLE.tracing] === undefined) return (work) => work({});
  // The build puts it beside the function's program.
  const { href } = new URL('tracing.mjs', import.meta.url);
  const { callTrace } = (await import(href)) as typeof tracing;
  return callTrace(service);
}
