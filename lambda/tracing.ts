/**
 * Subsegments for AWS X-Ray. Bundled apart from the functions: only those that are traced load it, see `call-trace.ts`.
 * Tests read what is sent to the daemon; that Lambda's own daemon and X-Ray take it is unverified.
 */
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { CallNotes, CallTrace } from './call-trace';

/** To be made before the first call: the library's context is that of where it is loaded. */
export function callTrace(service: string): CallTrace {
  // What a function calls is not recorded: paths of apps and keys of objects would be in it.
  const tracer = new Tracer({ serviceName: service, captureHTTPsRequests: false });
  return async (work) => {
    const subsegment = tracer.getSegment()?.addNewSubsegment(`## ${service}`);
    const notes: CallNotes = {};
    try {
      return await work(notes);
    } catch (error) {
      subsegment?.addError(error instanceof Error ? error : String(error));
      throw error;
    } finally {
      if (subsegment !== undefined) note(subsegment, notes);
      subsegment?.close();
    }
  };
}

type Subsegment = ReturnType<NonNullable<ReturnType<Tracer['getSegment']>>['addNewSubsegment']>;

function note(subsegment: Subsegment, { route, status }: CallNotes): void {
  if (route !== undefined) subsegment.addAnnotation('route', route);
  if (status === undefined) return;
  subsegment.addAnnotation('status', status);
  if (status >= 500) subsegment.addFaultFlag();
  else if (status >= 400) subsegment.addErrorFlag();
  if (status === 429) subsegment.addThrottleFlag();
}
