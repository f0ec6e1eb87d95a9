/** The two wire protocols that the stand-in speaks: AWS JSON 1.1 (ECS) and AWS Query (Auto Scaling). */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface AwsCall {
  readonly service: 'ecs' | 'autoscaling';
  readonly operation: string;
  /** ECS: the JSON. Auto Scaling: the parameters as sent, `AvailabilityZones.member.1` and so on. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** An error as AWS answers it. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
    readonly fields: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

export async function readCall(request: IncomingMessage): Promise<AwsCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    const input = JSON.parse(body) as Record<string, unknown>;
    return { service: 'ecs', operation: target.split('.')[1] ?? '', input };
  }
  const parameters = new URLSearchParams(body);
  return { service: 'autoscaling', operation: parameters.get('Action') ?? '', input: Object.fromEntries(parameters) };
}

export function answer(response: ServerResponse, call: AwsCall, output: unknown): void {
  if (call.service === 'ecs') {
    json(response, 200, output);
    return;
  }
  const result = xml(output);
  const name = call.operation;
  response.writeHead(200, { 'content-type': 'text/xml' });
  response.end(
    `<${name}Response><${name}Result>${result}</${name}Result>` +
      `<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></${name}Response>`,
  );
}

export function refuse(response: ServerResponse, call: AwsCall, error: unknown): void {
  const { code, message, status, fields } =
    error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500);
  if (call.service === 'ecs') {
    json(response, status, { __type: code, message, ...fields });
    return;
  }
  const type = status < 500 ? 'Sender' : 'Receiver';
  response.writeHead(status, { 'content-type': 'text/xml' });
  response.end(
    `<ErrorResponse><Error><Type>${type}</Type>${xml({ Code: code, Message: message })}</Error></ErrorResponse>`,
  );
}

/** The values of a list in the parameters of a query. */
export function listIn(input: AwsCall['input'], name: string): readonly string[] {
  return Object.entries(input)
    .filter(([key]) => key.startsWith(`${name}.member.`))
    .map(([, value]) => String(value));
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
}

function xml(value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => `<member>${xml(item)}</member>`).join('');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .filter(([, content]) => content !== undefined)
      .map(([name, content]) => `<${name}>${xml(content)}</${name}>`)
      .join('');
  }
  return String(value).replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
