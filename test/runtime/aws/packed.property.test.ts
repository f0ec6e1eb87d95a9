import fc from 'fast-check';
import { packed, unpacked } from '../../../runtime/aws/packed';

describe('a packed record', () => {
  it('comes back as it was, with its bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uint8Array({ maxLength: 2_000 }), (record, bytes) => {
        const back = unpacked(packed(record, bytes));
        expect(JSON.stringify(back.record)).toEqual(JSON.stringify(record));
        expect(Buffer.from(back.bytes)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('that was packed by a newer version is refused', () => {
    expect(() => unpacked(Uint8Array.of(2, 1, 2, 3))).toThrow('newer version');
  });
});
