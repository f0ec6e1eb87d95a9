import { APP, TestPlatform } from './test-platform';

let platform: TestPlatform;
beforeEach(async () => {
  platform = new TestPlatform();
  await platform.addApp();
});
afterEach(() => platform.end());

interface Frame {
  readonly id?: string;
  readonly data: { readonly status: string; readonly logs?: readonly { readonly message: string }[] | null };
}

class Frames {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(readonly response: Response) {
    this.reader = (response.body as ReadableStream<Uint8Array>).getReader();
  }

  /** Our own stream sends each frame as one chunk. */
  async next(): Promise<Frame | undefined> {
    const { value } = await this.reader.read();
    if (value === undefined) return undefined;
    const lines = new TextDecoder().decode(value).split('\n');
    const field = (name: string): string | undefined =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const id = field('id');
    return { ...(id === undefined ? {} : { id }), data: JSON.parse(field('data') ?? 'null') as Frame['data'] };
  }

  async text(): Promise<string | undefined> {
    const { value } = await this.reader.read();
    return value && new TextDecoder().decode(value);
  }

  cancel(): Promise<void> {
    return this.reader.cancel();
  }
}

async function follow(id: string, query = '?logs=1', headers: Record<string, string> = {}): Promise<Frames> {
  return new Frames(await platform.fetch(`/queue/${APP}/requests/${id}/status/stream${query}`, { headers }));
}

const messages = (frame: Frame | undefined): readonly string[] => frame?.data.logs?.map(({ message }) => message) ?? [];

test('the stream tells each state once, each line once, and ends with the request', async () => {
  const id = await platform.submit();
  const frames = await follow(id);
  expect(frames.response.headers.get('content-type')).toBe('text/event-stream');
  expect(frames.response.headers.get('x-fal-request-id')).toBe(id);
  expect((await frames.next())?.data.status).toBe('IN_QUEUE');
  const claim = await platform.claim();
  expect((await frames.next())?.data).toMatchObject({ status: 'IN_PROGRESS', logs: [] });
  await claim.log('one', 'two');
  expect(messages(await frames.next())).toEqual(['one', 'two']);
  await claim.log('three');
  expect(messages(await frames.next())).toEqual(['three']);
  await claim.answer(200, {});
  expect((await frames.next())?.data).toMatchObject({ status: 'COMPLETED', logs: [] });
  expect(await frames.next()).toBeUndefined();
});

test('a stream goes on behind the Last-Event-ID of an earlier one', async () => {
  const id = await platform.submit();
  const claim = await platform.claim();
  await claim.log('one', 'two');
  const first = await follow(id);
  const seen = await first.next();
  await first.cancel();
  await claim.log('three');
  await claim.answer(200, {});
  const second = await follow(id, '?logs=1', { 'last-event-id': seen?.id ?? '' });
  expect(messages(await second.next())).toEqual(['three']);
});

test('without logs the stream has none, and null in their place', async () => {
  const id = await platform.submit();
  const claim = await platform.claim();
  const frames = await follow(id, '');
  await claim.log('one');
  await claim.answer(200, {});
  const statuses = [(await frames.next())?.data, (await frames.next())?.data];
  expect(statuses).toEqual([
    expect.objectContaining({ status: 'IN_PROGRESS', logs: null }),
    expect.objectContaining({ status: 'COMPLETED', logs: null }),
  ]);
});

test('a quiet stream sends a comment after fifteen seconds', async () => {
  const id = await platform.submit();
  const claim = await platform.claim();
  const frames = await follow(id, '?logs=0');
  await frames.next();
  platform.clock.advance(15_000);
  await claim.log('something happens that this reader did not ask for');
  expect(await frames.text()).toBe(': keep-alive\n\n');
  await frames.cancel();
});

test('a stream of a finished request tells so and ends', async () => {
  const id = await platform.submit();
  await (await platform.claim()).answer(200, {});
  const frames = await follow(id);
  expect((await frames.next())?.data.status).toBe('COMPLETED');
  expect(await frames.next()).toBeUndefined();
});
