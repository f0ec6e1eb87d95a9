/** The history of an app as a trace: what records of its requests say. */
import type { RequestHead } from '../runtime/domain/request';
import { traceOf, type Trace } from './trace';

/** The requests that were answered; the first one arrives at time 0. What was never worked on says nothing about work. */
export function historyOf(
  heads: readonly Pick<RequestHead, 'app' | 'submittedAt' | 'startedAt' | 'completedAt'>[],
): Trace {
  const answered = heads.flatMap(({ app, submittedAt, startedAt, completedAt }) =>
    startedAt === undefined || completedAt === undefined
      ? []
      : [{ app, arrivalMs: submittedAt, serviceMs: Math.max(0, completedAt - startedAt) }],
  );
  const first = answered.reduce((least, { arrivalMs }) => Math.min(least, arrivalMs), Infinity);
  return traceOf(answered.map((request) => ({ ...request, arrivalMs: request.arrivalMs - first })));
}
