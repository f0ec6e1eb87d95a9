import fc from 'fast-check';
import { EventIds } from '../../../runtime/gateway/event-ids';

/** Runs a stream, cut into chunks, through the ids; ids are `<chunk>.<offset>`. */
function withIds(...chunks: readonly string[]): string {
  const ids = new EventIds();
  const bytes = chunks.map((text, index) => ids.apply(Buffer.from(text), (offset) => `${index}.${offset}`));
  return Buffer.concat(bytes).toString();
}

test('each event gets an id before its blank line', () => {
  expect(withIds('data: a\n\nevent: x\ndata: b\n\n')).toBe('data: a\nid: 0.9\n\nevent: x\ndata: b\nid: 0.27\n\n');
});

test.each([
  ['CRLF', 'data: a\r\n\r\n', 'data: a\r\nid: 0.10\n\r\n'],
  ['CR', 'data: a\r\r', 'data: a\rid: 0.9\n\r'],
  ['an id of the app’s own', 'id: 7\ndata: a\n\n', 'id: 7\ndata: a\n\n'],
  ['an empty id of the app’s own', 'id\ndata: a\n\n', 'id\ndata: a\n\n'],
  ['a field that only begins like an id', 'idle: 7\ndata: a\n\n', 'idle: 7\ndata: a\nid: 0.17\n\n'],
  ['comments and blank lines', ': keep-alive\n\n\n\n', ': keep-alive\n\n\n\n'],
  ['an event that never ends', 'data: a\n', 'data: a\n'],
])('%s', (_name, stream, expected) => {
  expect(withIds(stream)).toBe(expected);
});

const line = fc.constantFrom('data: a', 'id: 1', 'id', 'idle', ': comment', 'event: b', 'data', '');
const stream = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 30 })
  .map((lines) => lines.flat().join(''));

test('without the ids the stream is what the app wrote, wherever it is cut', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(200), { maxLength: 8 }), (text, cuts) => {
      const places = [...new Set([0, ...cuts.filter((cut) => cut < text.length), text.length])].sort((a, b) => a - b);
      const chunks = places.slice(1).map((end, index) => text.slice(places[index], end));
      expect(withIds(...chunks).replace(/id: \d+\.\d+\n/g, '')).toBe(text);
    }),
  );
});

test('the same events get ids however the stream is cut', () => {
  fc.assert(
    fc.property(stream, (text) => {
      const count = (result: string): number => result.split(/id: \d+\.\d+\n/).length;
      expect(count(withIds(...Array.from(text)))).toBe(count(withIds(text)));
    }),
  );
});
