/** Who called what when, and how long each call takes on a runner. */

export interface Trace {
  /** Names of the apps. */
  readonly apps: readonly string[];
  /** By request: its app, as a place in `apps`. */
  readonly app: Int32Array;
  /** By request: milliseconds from the start of the trace. Never falls from one request to the next. */
  readonly arrivalMs: Float64Array;
  /** By request: milliseconds that a runner works on it. */
  readonly serviceMs: Float64Array;
}

export interface TraceRequest {
  readonly app: string;
  readonly arrivalMs: number;
  readonly serviceMs: number;
}

/** The trace of requests in any order; those that arrive at one time keep theirs. */
export function traceOf(requests: readonly TraceRequest[]): Trace {
  const sorted = [...requests].sort((a, b) => a.arrivalMs - b.arrivalMs);
  const places = new Map<string, number>();
  const app = new Int32Array(sorted.length);
  sorted.forEach((request, index) => {
    let place = places.get(request.app);
    if (place === undefined) places.set(request.app, (place = places.size));
    app[index] = place;
  });
  return {
    apps: [...places.keys()],
    app,
    arrivalMs: Float64Array.from(sorted, (request) => request.arrivalMs),
    serviceMs: Float64Array.from(sorted, (request) => request.serviceMs),
  };
}

/** The requests of a trace one by one. */
export function* requestsOf(trace: Trace): Generator<TraceRequest> {
  for (let index = 0; index < trace.app.length; index += 1) {
    yield {
      app: trace.apps[trace.app[index] ?? 0] ?? '',
      arrivalMs: trace.arrivalMs[index] ?? 0,
      serviceMs: trace.serviceMs[index] ?? 0,
    };
  }
}

/** The requests of several traces in one. */
export function merged(traces: readonly Trace[]): Trace {
  return traceOf(traces.flatMap((trace) => [...requestsOf(trace)]));
}
