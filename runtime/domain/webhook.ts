/**
 * When a webhook is delivered, and what its body says. fal's documented rules: any 2xx is a delivery, a redirect ends
 * it, everything else is tried again; the receiver has 15 s at first and 120 s in a retry; at least once.
 */
import type { RequestHead } from './request';

/** Retries after the first delivery. Each may take 120 s, and all of them end within two hours. */
export const WEBHOOK_RETRIES = 10;

const FIRST_TIMEOUT_MS = 15_000;
const RETRY_TIMEOUT_MS = 120_000;
const FIRST_RETRY_DELAY_MS = 10_000;
const MAX_RETRY_DELAY_MS = 1_500_000;

/** How long the receiver may take to answer, by the number of deliveries tried before. */
export function deliveryTimeout(attemptsBefore: number): number {
  return attemptsBefore === 0 ? FIRST_TIMEOUT_MS : RETRY_TIMEOUT_MS;
}

/** What came of one delivery; `permanent` failures are not tried again. */
export type DeliveryResult =
  { readonly delivered: true } | { readonly delivered: false; readonly error: string; readonly permanent: boolean };

/** Judges the status the receiver answered with. */
export function judgeStatus(status: number): DeliveryResult {
  if (status >= 200 && status < 300) return { delivered: true };
  if (status >= 300 && status < 400) {
    return {
      delivered: false,
      permanent: true,
      error: `The receiver redirects (${status}); webhooks follow no redirect`,
    };
  }
  return { delivered: false, permanent: false, error: `The receiver answered ${status}` };
}

/** When to deliver again after a failure, ms since the epoch: 10 s later, doubling to 25 min. `undefined`: never. */
export function nextDelivery(attemptsBefore: number, result: DeliveryResult, now: number): number | undefined {
  if (result.delivered || result.permanent || attemptsBefore >= WEBHOOK_RETRIES) return undefined;
  return now + Math.min(MAX_RETRY_DELAY_MS, FIRST_RETRY_DELAY_MS * 2 ** attemptsBefore);
}

/** The body of a webhook, in fal's shape. */
export interface WebhookBody {
  readonly request_id: string;
  readonly gateway_request_id: string;
  readonly status: 'OK' | 'ERROR';
  readonly error?: string;
  readonly payload: unknown;
  readonly payload_error?: string;
}

export const NOT_JSON =
  'Response payload is not JSON serializable. Either return a JSON serializable object or use the queue endpoint to retrieve the response.';

/**
 * What the webhook of a finished request says. `response` is the text of the stored response; absent when there is none
 * or it cannot go into a webhook (not text, too large).
 */
export function webhookBody(head: RequestHead, response: string | undefined): WebhookBody {
  const { status = 500, errorType, error } = head.outcome ?? {};
  const ids = { request_id: head.id, gateway_request_id: head.id };
  const payload = parsed(response);
  if (status < 400) {
    if (payload === undefined) return { ...ids, status: 'OK', payload: null, payload_error: NOT_JSON };
    return { ...ids, status: 'OK', payload };
  }
  // What the platform itself ended has no answer of the app: the error takes its place, as in the result.
  const platform = { detail: error, ...(errorType === undefined ? {} : { error_type: errorType }) };
  const told = errorType === undefined ? undefined : error;
  const shown = payload ?? (response === undefined && error !== undefined ? platform : null);
  return { ...ids, status: 'ERROR', error: told ?? `Invalid status code: ${status}`, payload: shown };
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
