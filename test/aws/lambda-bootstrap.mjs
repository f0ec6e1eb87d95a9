// Runs one bundled handler as Lambda would, in a process of its own with the function's environment:
//   node lambda-bootstrap.mjs BUNDLE
// POST to INVOCATIONS calls it with the event in the body; every other request becomes the event of a function URL.
// GET USAGE tells how often it was called and for how long in all. Prints the port it listens on.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { pathToFileURL, URLSearchParams } from 'node:url';

const USAGE = '/lambda-usage';
const INVOCATIONS = '/2015-03-31/functions/function/invocations';
const LARGEST_BODY = 6 * 1024 * 1024;
const STREAMING = Symbol('streaming');

/** Lambda's global for Node handlers that stream. */
globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [STREAMING]: true }),
  HttpResponseStream: {
    from: (stream, metadata) => {
      stream.emit('metadata', metadata);
      return stream;
    },
  },
};

const { handler } = await import(pathToFileURL(process.argv[2]).href);

const usage = { calls: 0, ms: 0 };
const cpuMs = () => Object.values(process.cpuUsage()).reduce((sum, us) => sum + us, 0) / 1_000;

const server = createServer((request, response) => {
  if (request.url === USAGE) return response.end(JSON.stringify({ ...usage, cpuMs: cpuMs() }));
  const began = performance.now();
  // Lambda takes up the trace of its caller.
  const trace = request.headers['x-amzn-trace-id'];
  if (trace !== undefined) process.env._X_AMZN_TRACE_ID = trace;
  void answer(request, response)
    .catch((error) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(502);
      response.end();
    })
    // Lambda is paid until the handler has ended, which may be after the answer.
    .finally(() => {
      usage.calls += 1;
      usage.ms += performance.now() - began;
    });
});
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
process.on('disconnect', () => process.exit());

async function answer(request, response) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  if (request.url === INVOCATIONS) return invoke(JSON.parse(body.toString()), response);
  if (body.length > LARGEST_BODY) return response.writeHead(413).end('Request Entity Too Large');
  return call(urlEvent(request, body), response);
}

async function invoke(event, response) {
  try {
    const result = await handler(event, context());
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result ?? null));
  } catch (error) {
    response
      .writeHead(200, { 'x-amz-function-error': 'Unhandled' })
      .end(JSON.stringify({ errorMessage: String(error), stack: error?.stack }));
  }
}

async function call(event, response) {
  if (!handler[STREAMING]) return send(response, await handler(event, context()));
  const stream = new PassThrough();
  stream.setContentType = (type) => stream.emit('metadata', { statusCode: 200, headers: { 'content-type': type } });
  stream.once('metadata', ({ statusCode = 200, headers = {}, cookies = [] }) => {
    response.writeHead(statusCode, { ...headers, ...(cookies.length === 0 ? {} : { 'set-cookie': cookies }) });
    response.flushHeaders();
  });
  stream.pipe(response);
  // Lambda goes on when the client has hung up; the handler isn't told.
  await handler(event, stream, context());
}

function send(response, { statusCode = 200, headers = {}, body = '', isBase64Encoded = false }) {
  response.writeHead(statusCode, headers).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
}

function urlEvent({ method, url, headers, socket }, body) {
  const [rawPath, rawQueryString = ''] = url.split('?', 2);
  const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers: { 'x-forwarded-proto': 'http', ...flat },
    queryStringParameters: Object.fromEntries(new URLSearchParams(rawQueryString)),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'function-url',
      domainName: headers.host,
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      timeEpoch: Date.now(),
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: socket.remoteAddress,
        userAgent: flat['user-agent'] ?? '',
      },
    },
    ...(body.length === 0 ? {} : { body: body.toString('base64') }),
    isBase64Encoded: body.length > 0,
  };
}

function context() {
  const timeout = Number(process.env.FUNCTION_TIMEOUT_SECONDS ?? '900') * 1000;
  const ends = Date.now() + timeout;
  return {
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    awsRequestId: randomUUID(),
    getRemainingTimeInMillis: () => ends - Date.now(),
  };
}
