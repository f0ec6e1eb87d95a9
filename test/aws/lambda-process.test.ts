import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LambdaProcess } from './lambda-process';

let folder: string;
const started: LambdaProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lambda-'));
});

afterAll(async () => {
  await Promise.all(started.map((lambda) => lambda.stop()));
  await rm(folder, { recursive: true });
});

async function run(source: string): Promise<LambdaProcess> {
  const bundle = join(folder, `handler-${started.length}.mjs`);
  await writeFile(bundle, source);
  const lambda = await LambdaProcess.start({
    name: 'test',
    bundle,
    environment: { GREETING: 'hello' },
    timeoutSeconds: 9,
  });
  started.push(lambda);
  return lambda;
}

test('a handler is called with the event and the variables of its function', async () => {
  const lambda = await run('export const handler = async (event) => ({ said: process.env.GREETING, event });');
  expect(await lambda.invoke({ a: 1 })).toEqual({ said: 'hello', event: { a: 1 } });
});

test('an error of the handler rejects the call', async () => {
  const lambda = await run("export const handler = async () => { throw new Error('no'); };");
  await expect(lambda.invoke({})).rejects.toThrow('no');
});

test('a streaming handler answers status, headers and pieces as they come', async () => {
  const lambda = await run(`
    export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
      const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'x-path': event.rawPath } });
      out.write(Buffer.from(event.body, 'base64').toString());
      await new Promise((resolve) => setTimeout(resolve, 20));
      out.end(String(context.getRemainingTimeInMillis() <= 9000));
    });`);
  const answer = await fetch(`${lambda.url}/some/path?x=1`, { method: 'POST', body: 'sent ' });
  expect([answer.status, answer.headers.get('x-path'), await answer.text()]).toEqual([201, '/some/path', 'sent true']);
});

test('a body larger than Lambda takes is refused before the handler sees it', async () => {
  const lambda = await run("export const handler = async () => ({ body: 'reached' });");
  const answer = await fetch(lambda.url, { method: 'POST', body: Buffer.alloc(7 * 1024 * 1024) });
  expect(answer.status).toBe(413);
});
