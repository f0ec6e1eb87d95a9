import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { snippetsFor } from '../../playground/snippets';

const CALL = { origin: 'http://127.0.0.1:8000', endpoint: 'local/ocr/predict', input: { text: 'x' }, withKey: false };

function textOf(language: string, call: Partial<typeof CALL> = {}): string {
  return snippetsFor({ ...CALL, ...call }).find((snippet) => snippet.language === language)!.text;
}

test('a shell hands curl the very input, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const script = `curl() { printf '%s\\0' "$@"; }\n${textOf('curl', { input: { text } })}`;
      const [url, , , , body] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0');
      expect(url).toBe('http://127.0.0.1:8000/run/local/ocr/predict');
      expect(JSON.parse(body!)).toEqual({ text });
    }),
    { numRuns: 20 },
  );
});

test('Python reads the very input', () => {
  const input = { text: 'it’s "quoted" \\ \n \u2028', on: true, none: null };
  const line = textOf('Python', { input })
    .split('\n')
    .find((one) => one.startsWith('arguments'))!;
  const printed = execFileSync('python3', ['-c', `import json\n${line}\nprint(json.dumps(arguments))`], {
    encoding: 'utf8',
  });
  expect(JSON.parse(printed)).toEqual(input);
});

test('with a key, each snippet takes it from the environment', () => {
  expect(textOf('curl', { withKey: true })).toContain('-H "Authorization: Key $FAL_KEY"');
  expect(textOf('JavaScript', { withKey: true })).toContain('process.env.FAL_KEY');
  expect(textOf('Python', { withKey: true })).not.toContain('FAL_KEY');
});

test('Python is told of HTTPS where the platform is called without', () => {
  expect(textOf('Python')).toContain('--https');
  expect(textOf('Python', { origin: 'https://gpu.example.com' })).not.toContain('--https');
});
