/**
 * What callers are told when something is wrong, in fal's two shapes: `{"detail": …}` for look-ups and access, and the
 * flat platform error with `error_type`, named again in `X-Fal-Error-Type`.
 */
import { StoreFullError } from '../domain/store-full-error';
import type { Log } from './log';

/** The platform's own errors and the status each is answered with (fal's table). */
const PLATFORM_ERROR_STATUS = {
  bad_request: 400,
  client_cancelled: 499,
  client_disconnected: 499,
  internal_error: 500,
  request_timeout: 504,
} as const;
export type PlatformErrorType = keyof typeof PLATFORM_ERROR_STATUS;

/** An answer that ends the handling of a request. The message is for the log; callers see `body`. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  constructor(
    readonly status: number,
    readonly body: object,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(`${status} ${JSON.stringify(body)}`);
  }

  response(): Response {
    return json(this.status, this.body, this.headers);
  }
}

/** A flat platform error. */
export function platformError(type: PlatformErrorType, detail: string): GatewayError {
  return platformErrorWithStatus(PLATFORM_ERROR_STATUS[type], type, detail);
}

/** A flat platform error whose status and type come from the outcome of a request. */
export function platformErrorWithStatus(
  status: number,
  type: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): GatewayError {
  return new GatewayError(status, { detail, error_type: type }, { 'x-fal-error-type': type, ...headers });
}

export function detailError(status: number, detail: string): GatewayError {
  return new GatewayError(status, { detail });
}

export function unknownApp(id: string): GatewayError {
  return detailError(404, `Application "${id}" not found`);
}

/** An app that is being removed. What was submitted before can still be read. */
export function closedApp(id: string): GatewayError {
  return detailError(410, `Application "${id}" is being removed and takes no more requests`);
}

/** What fal answers for a request that doesn't exist, has expired or is somebody else's. */
export function unknownRequest(): GatewayError {
  return new GatewayError(404, { status: 'NOT_FOUND' });
}

export function methodNotAllowed(allowed: string): GatewayError {
  return new GatewayError(405, { detail: `Method not allowed; use ${allowed}` }, { allow: allowed });
}

/** A problem with one value of the body, in the form FastAPI gives it, which fal's clients show by field. */
export function validationError(location: readonly (string | number)[], message: string, type: string): GatewayError {
  return new GatewayError(422, { detail: [{ loc: location, msg: message, type }] });
}

/** Turns whatever was thrown into an answer. Only unexpected errors are logged; none is shown. */
export function errorResponse(error: unknown, requestId: string, log: Log): Response {
  if (error instanceof GatewayError) return error.response();
  log.error(`Request ${requestId} failed`, error);
  if (error instanceof StoreFullError) return detailError(507, error.message).response();
  return platformError('internal_error', `Internal error; the platform's log has it under ${requestId}`).response();
}

export function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}
