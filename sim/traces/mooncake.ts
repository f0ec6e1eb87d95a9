/**
 * Mooncake, requests to a language-model service: an hour of conversations and 17 minutes put together from public data.
 * github.com/kvcache-ai/Mooncake @ 3b5a594, FAST25-release/traces, Apache-2.0 (licence beside the data). Assumed: one app,
 * service times by `tokenTimeMs` of the whole prompt; that equal prefixes (`hash_ids`) could be kept is left out.
 */
import { traceOf, type Trace } from '../trace';
import { dataLines } from './data-file';
import { tokenTimeMs, type TokenRates } from './token-times';

export type MooncakeTrace = 'conversation' | 'synthetic';

export function mooncakeTrace(root: string, name: MooncakeTrace, rates?: TokenRates): Trace {
  return parseMooncake(dataLines(root, `mooncake/${name}_trace.jsonl.gz`), `mooncake-${name}`, rates);
}

/** Reads lines of JSON with `timestamp` (ms), `input_length` and `output_length` (tokens). */
export function parseMooncake(lines: readonly string[], app: string, rates?: TokenRates): Trace {
  return traceOf(
    lines.map((line) => {
      const request = JSON.parse(line) as MooncakeRequest;
      const serviceMs = tokenTimeMs(request.input_length, request.output_length, rates);
      return { app, arrivalMs: request.timestamp, serviceMs };
    }),
  );
}

interface MooncakeRequest {
  readonly timestamp: number;
  readonly input_length: number;
  readonly output_length: number;
}
