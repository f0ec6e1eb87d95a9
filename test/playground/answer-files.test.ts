import { filesIn } from '../../playground/answer-files';

test('shows fal’s files by their content type, and addresses by their ending, each once', () => {
  const answer = {
    images: [{ url: 'https://files.example.com/a', content_type: 'image/png' }],
    video: { url: 'http://localhost:8000/cdn/files/b.mp4' },
    same: 'https://files.example.com/a.png',
    again: { deep: ['https://files.example.com/a.png'] },
    weights: { url: 'https://files.example.com/model.bin' },
  };
  expect(filesIn(answer)).toEqual([
    { kind: 'image', url: 'https://files.example.com/a' },
    { kind: 'video', url: 'http://localhost:8000/cdn/files/b.mp4' },
    { kind: 'image', url: 'https://files.example.com/a.png' },
    { kind: 'other', url: 'https://files.example.com/model.bin' },
  ]);
});

test('shows images within the answer itself', () => {
  expect(filesIn({ image: 'data:image/png;base64,AAAA', page: 'data:text/html,<b>' })).toEqual([
    { kind: 'image', url: 'data:image/png;base64,AAAA' },
  ]);
});

test('never makes a link of what runs, or is no address', () => {
  const url = [
    'javascript:alert(1)',
    'data:text/html,<script>',
    'blob:x',
    'files/a.png',
    'https://',
    ' https://a.b/c.png',
  ];
  expect(filesIn(url.map((one) => ({ url: one, content_type: 'image/png' })))).toEqual([]);
});

test('text that only mentions files is no file', () => {
  expect(filesIn({ text: 'see https://files.example.com/a.png', link: 'https://example.com/page' })).toEqual([]);
});
