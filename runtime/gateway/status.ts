/** The status of a request in fal's words. Clients are strict about it: see each comment. */
import type { RequestHead } from '../domain/request';
import type { LogEntry } from './request-logs';

export interface RequestUrls {
  readonly status_url: string;
  readonly response_url: string;
  readonly cancel_url: string;
}

/** `queueUrl` is where the caller reaches the queue API. Only the app stands before the id, whatever path was called. */
export function requestUrls(queueUrl: string, { app, id }: Pick<RequestHead, 'app' | 'id'>): RequestUrls {
  const url = `${queueUrl}/${app}/requests/${id}`;
  return { response_url: url, status_url: `${url}/status`, cancel_url: `${url}/cancel` };
}

/** `logs` is null, not absent, when none were asked for: Python clients read the key. */
export type StatusBody = RequestUrls & { readonly request_id: string; readonly gateway_request_id: string } & (
    | { readonly status: 'IN_QUEUE'; readonly queue_position: number }
    | { readonly status: 'IN_PROGRESS'; readonly logs: readonly LogEntry[] | null }
    | {
        readonly status: 'COMPLETED';
        readonly logs: readonly LogEntry[] | null;
        readonly metrics: { readonly inference_time?: number };
        readonly error?: string;
        readonly error_type?: string;
      }
  );

export function statusBody(
  head: RequestHead,
  urls: RequestUrls,
  queuePosition: number,
  logs: readonly LogEntry[] | null,
): StatusBody {
  const common = { request_id: head.id, gateway_request_id: head.id, ...urls };
  if (head.state === 'IN_QUEUE') return { status: 'IN_QUEUE', queue_position: queuePosition, ...common };
  if (head.state === 'IN_PROGRESS') return { status: 'IN_PROGRESS', logs, ...common };
  return { status: 'COMPLETED', logs, metrics: metrics(head), ...failure(head), ...common };
}

/** fal's Python client takes 200 to mean completed without looking at the body. */
export function statusCode(head: RequestHead): 200 | 202 {
  return head.state === 'COMPLETED' ? 200 : 202;
}

function metrics({ outcome }: RequestHead): { readonly inference_time?: number } {
  return outcome?.inferenceTime === undefined ? {} : { inference_time: outcome.inferenceTime };
}

function failure({ outcome }: RequestHead): { readonly error?: string; readonly error_type?: string } {
  return {
    ...(outcome?.error === undefined ? {} : { error: outcome.error }),
    ...(outcome?.errorType === undefined ? {} : { error_type: outcome.errorType }),
  };
}
