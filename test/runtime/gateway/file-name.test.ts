import fc from 'fast-check';
import { inlineDisposition, safeFileName } from '../../../runtime/gateway/file-name';

test.each([
  ['cat.png', 'cat.png'],
  ['/etc/passwd', 'passwd'],
  ['..\\..\\windows\\system.ini', 'system.ini'],
  ['../..', 'file'],
  ['.env', 'env'],
  ['', 'file'],
  ['a b?c#d%.png', 'a_b_c_d_.png'],
  ['"; filename=evil.exe', 'filename_evil.exe'],
  ['猫の写真.png', '猫の写真.png'],
  ['gpj\u202Eexe.png', 'gpj_exe.png'],
  ['line\r\nX-Header: 1.txt', 'line_X-Header_1.txt'],
])('%j becomes %j', (given, name) => {
  expect(safeFileName(given)).toBe(name);
});

test('a name too long keeps its extension', () => {
  const name = safeFileName(`${'n'.repeat(300)}.safetensors`);
  expect(name).toHaveLength(100);
  expect(name).toMatch(/^n+\.safetensors$/);
});

const anyName = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom('.', '/', '\\', '\0', '"', '%', 'é', '\ud800', '\u202e', 'a', '🐱'),
    maxLength: 300,
  }),
);

test('no name leaves its URL segment, hides itself or breaks a header', () => {
  fc.assert(
    fc.property(anyName, (given) => {
      const name = safeFileName(given);
      expect(name).toMatch(/^[\p{L}\p{M}\p{N}_-][\p{L}\p{M}\p{N}._-]*$/u);
      const url = new URL(`https://gateway.example/files/id/${encodeURIComponent(name)}`);
      expect(decodeURIComponent(url.pathname)).toBe(`/files/id/${name}`);
      expect(() => new Headers({ 'content-disposition': inlineDisposition(name) })).not.toThrow();
      expect(inlineDisposition(name)).toMatch(
        /^inline; filename="[A-Za-z0-9._-]+"; filename\*=UTF-8''[A-Za-z0-9._%-]+$/,
      );
    }),
  );
});

test('a name that was made safe stays as it is', () => {
  fc.assert(
    fc.property(anyName, (given) => {
      expect(safeFileName(safeFileName(given))).toBe(safeFileName(given));
    }),
  );
});
