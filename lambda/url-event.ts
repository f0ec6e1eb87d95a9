/** HTTP requests as Lambda gets them: from its function URL (payload format 2.0) or a REST API (format 1.0). */
import type { APIGatewayProxyEvent, LambdaFunctionURLEvent } from 'aws-lambda';

export type UrlEvent = LambdaFunctionURLEvent | APIGatewayProxyEvent;

/** The request that was sent. Throws a `TypeError` for one that HTTP allows and the Fetch standard doesn't. */
export function requestOf(event: UrlEvent, signal: AbortSignal): Request {
  const { method, host, path, search, headers } = 'rawPath' in event ? fromFunctionUrl(event) : fromRestApi(event);
  const body = method === 'GET' || method === 'HEAD' ? null : bodyOf(event);
  if (body !== null) headers.set('content-length', String(body.length));
  return new Request(`https://${host}${escaped(path)}${search}`, { method, headers, body, signal });
}

interface Parts {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** With its `?`. */
  readonly search: string;
  readonly headers: Headers;
}

function fromFunctionUrl({ rawPath, rawQueryString, headers, cookies, requestContext }: LambdaFunctionURLEvent): Parts {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) result.set(name, asBytes(value));
  if (cookies !== undefined) result.set('cookie', cookies.join('; '));
  return {
    method: requestContext.http.method,
    host: headers.host ?? requestContext.domainName,
    path: rawPath,
    search: rawQueryString === '' ? '' : `?${rawQueryString}`,
    headers: result,
  };
}

/** API Gateway gives the parameters of the query decoded. */
function fromRestApi({ httpMethod, path, multiValueHeaders, ...event }: APIGatewayProxyEvent): Parts {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(multiValueHeaders)) {
    for (const value of values) headers.append(name, asBytes(value));
  }
  const query = new URLSearchParams();
  for (const [name, values = []] of Object.entries(event.multiValueQueryStringParameters ?? {})) {
    for (const value of values) query.append(name, value);
  }
  const host = headers.get('host') ?? event.requestContext.domainName ?? 'localhost';
  return { method: httpMethod, host, path, search: query.size === 0 ? '' : `?${query.toString()}`, headers };
}

function bodyOf({ body, isBase64Encoded }: UrlEvent): Buffer<ArrayBuffer> | null {
  return body == null ? null : Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
}

/** Lambda may have decoded the path; these two would end it. */
function escaped(path: string): string {
  return path.replaceAll('?', '%3F').replaceAll('#', '%23');
}

/** A header as Node's server would give it: one character a byte. The JSON of the event holds it as UTF-8. */
function asBytes(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}
