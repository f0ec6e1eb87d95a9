import fc from 'fast-check';
import { eventsOf } from '../../playground/event-stream';

async function read(text: string, cuts: readonly number[] = []): Promise<string[]> {
  const bytes = new TextEncoder().encode(text);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const pieces = places.slice(1).map((end, index) => bytes.slice(places[index], end));
  const body = ReadableStream.from<Uint8Array<ArrayBuffer>>(pieces);
  const events: string[] = [];
  for await (const event of eventsOf(body)) {
    events.push(event);
  }
  return events;
}

test('gives the data of each event, and leaves comments and other fields out', async () => {
  const text = ': ping\n\nid: 1\nevent: status\ndata: {"a":1}\n\ndata: two\ndata: lines\n\n';
  expect(await read(text)).toEqual(['{"a":1}', 'two\nlines']);
});

test('reads the same however the bytes are cut, and whatever ends the lines', async () => {
  const text = 'data: grüße\r\n\r\ndata: 🦊\r\n\r\n';
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 6 }), async (cuts) => {
      expect(await read(text, cuts)).toEqual(['grüße', '🦊']);
    }),
  );
});

test('an event that was cut off is none', async () => {
  expect(await read('data: whole\n\ndata: half')).toEqual(['whole']);
});
