import type { APIGatewayProxyEvent, Context, LambdaFunctionURLEvent } from 'aws-lambda';
import { PassThrough } from 'node:stream';
import { Background } from '../../lambda/background';
import type { UrlEvent } from '../../lambda/url-event';
import { urlHandler } from '../../lambda/url-handler';

interface Metadata {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
}

class Call {
  readonly stream = new PassThrough();
  metadata: Metadata | undefined;
  readonly ended: Promise<void>;

  constructor(
    answer: (request: Request) => Promise<Response> | Response,
    event: UrlEvent = urlEvent(),
    { remainingMs = 60_000, background = new Background() } = {},
  ) {
    Object.assign(globalThis, {
      awslambda: {
        HttpResponseStream: {
          from: (stream: PassThrough, metadata: Metadata) => {
            this.metadata = metadata;
            return stream;
          },
        },
      },
    });
    const handler = urlHandler({ answer: async (request) => answer(request), background, onAnswer: () => undefined });
    const context = { getRemainingTimeInMillis: () => remainingMs } as Context;
    this.ended = Promise.resolve(handler(event, this.stream as never, context));
  }

  async text(): Promise<string> {
    const [text] = await Promise.all([this.read(), this.ended]);
    return text;
  }

  private async read(): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('latin1');
  }
}

function urlEvent(changes: Partial<LambdaFunctionURLEvent> = {}, method = 'POST'): LambdaFunctionURLEvent {
  return {
    ...{
      version: '2.0',
      routeKey: '$default',
      rawPath: '/run/team/app',
      rawQueryString: 'a=1&a=%20',
      isBase64Encoded: false,
    },
    headers: { host: 'abc.lambda-url.example', 'content-type': 'application/json' },
    requestContext: {
      domainName: 'abc.lambda-url.example',
      http: { method },
    } as LambdaFunctionURLEvent['requestContext'],
    ...changes,
  };
}

function restEvent(changes: Partial<APIGatewayProxyEvent> = {}): APIGatewayProxyEvent {
  return {
    ...{ httpMethod: 'POST', path: '/run/team/app', body: '{}', isBase64Encoded: false },
    multiValueHeaders: { Host: ['gpu.example.com'], 'X-Two': ['1', '2'] },
    multiValueQueryStringParameters: { a: ['1', ' '] },
    requestContext: {},
    ...changes,
  } as APIGatewayProxyEvent;
}

const echo = async (request: Request): Promise<Response> =>
  Response.json({
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
    body: Buffer.from(await request.arrayBuffer()).toString('hex'),
  });

const echoed = async (event: UrlEvent): Promise<unknown> => JSON.parse(await new Call(echo, event).text());

describe('a request', () => {
  test('keeps its URL, headers and cookies', async () => {
    expect(await echoed(urlEvent({ cookies: ['a=1', 'b=2'], body: '{}' }))).toMatchObject({
      method: 'POST',
      url: 'https://abc.lambda-url.example/run/team/app?a=1&a=%20',
      headers: { 'content-type': 'application/json', cookie: 'a=1; b=2', 'content-length': '2' },
    });
  });

  test.each([
    ['text', { body: 'ä', isBase64Encoded: false }, 'c3a4'],
    ['bytes', { body: 'AP8=', isBase64Encoded: true }, '00ff'],
    ['nothing', {}, ''],
  ])('may carry %s', async (_, body, hex) => {
    expect(await echoed(urlEvent(body))).toMatchObject({ body: hex });
  });

  test('GET has no body, whatever the caller sent', async () => {
    expect(await echoed(urlEvent({ body: 'x' }, 'GET'))).toMatchObject({ method: 'GET', body: '' });
  });

  test('a path that was decoded on the way is a path still', async () => {
    expect(await echoed(urlEvent({ rawPath: '/a b?c#d' }))).toMatchObject({
      url: 'https://abc.lambda-url.example/a%20b%3Fc%23d?a=1&a=%20',
    });
  });

  test('of a REST API is read as well', async () => {
    expect(await echoed(restEvent())).toMatchObject({
      url: 'https://gpu.example.com/run/team/app?a=1&a=+',
      headers: { 'x-two': '1, 2' },
      body: '7b7d',
    });
  });

  test('that the Fetch standard has no words for is refused', async () => {
    const call = new Call(echo, urlEvent({}, 'TRACE'));
    await call.text();
    expect(call.metadata?.statusCode).toBe(400);
  });
});

describe('an answer', () => {
  test('has its status, headers and cookies', async () => {
    const headers = new Headers({ 'x-a': '1' });
    headers.append('set-cookie', 'a=1; Path=/');
    headers.append('set-cookie', 'b=2');
    const call = new Call(() => new Response('hello', { status: 201, headers }));
    expect(await call.text()).toBe('hello');
    expect(call.metadata).toEqual({
      statusCode: 201,
      headers: { 'content-type': 'text/plain;charset=UTF-8', 'x-a': '1' },
      cookies: ['a=1; Path=/', 'b=2'],
    });
  });

  test('without a body is written all the same', async () => {
    const call = new Call(() => new Response(null, { status: 204 }));
    expect(await call.text()).toBe('');
    expect(call.metadata?.statusCode).toBe(204);
  });

  test('comes piece by piece, as bytes', async () => {
    const pipe = new TransformStream<Uint8Array, Uint8Array>();
    const writer = pipe.writable.getWriter();
    const call = new Call(() => new Response(pipe.readable));
    const reader = call.stream[Symbol.asyncIterator]();
    for (const piece of [[0xff], [0x00, 0x80]]) {
      void writer.write(Uint8Array.from(piece));
      expect([...((await reader.next()).value as Buffer)]).toEqual(piece);
    }
    await writer.close();
    expect((await reader.next()).done).toBe(true);
    await call.ended;
  });

  test('that breaks off is not taken for whole', async () => {
    const body = ReadableStream.from(
      (async function* () {
        yield Buffer.from('half');
        throw new Error('cut off');
      })(),
    );
    const call = new Call(() => new Response(body));
    await expect(call.ended).rejects.toThrow('cut off');
    expect(call.stream.destroyed).toBe(true);
  });

  test('larger than a reader takes at once waits for it', async () => {
    const bytes = 'x'.repeat(300_000);
    const call = new Call(() => new Response(ReadableStream.from([bytes, bytes].map((text) => Buffer.from(text)))));
    expect((await call.text()).length).toBe(600_000);
  });
});

describe('when the time of the call is nearly over', () => {
  test('the request is aborted, and its answer still sent', async () => {
    const call = new Call(
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve(new Response((signal.reason as Error).name, { status: 504 }));
          });
        }),
      urlEvent(),
      { remainingMs: 0 },
    );
    expect(await call.text()).toBe('OutOfTime');
    expect(call.metadata?.statusCode).toBe(504);
  });

  test('a body that still comes is cut off and its source told', async () => {
    let cancelled: unknown;
    const body = new ReadableStream<Uint8Array>({
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    const call = new Call(() => new Response(body), urlEvent(), { remainingMs: 0 });
    await expect(call.ended).rejects.toMatchObject({ name: 'OutOfTime' });
    expect(cancelled).toMatchObject({ name: 'OutOfTime' });
    expect(call.stream.destroyed).toBe(true);
  });
});

test('the handler ends when work that its answer did not wait for is done', async () => {
  const background = new Background();
  const order: string[] = [];
  let done: () => void = () => undefined;
  const call = new Call(
    () => {
      background.add(new Promise<void>((resolve) => (done = resolve)));
      return new Response('hello');
    },
    urlEvent(),
    { background },
  );
  const ended = call.ended.then(() => order.push('ended'));
  call.stream.resume();
  await new Promise((resolve) => call.stream.once('end', resolve));
  order.push('answered');
  done();
  await ended;
  expect(order).toEqual(['answered', 'ended']);
});
