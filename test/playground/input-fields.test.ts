import { endpointsOf, initialInput } from '../../playground/input-fields';

const DOCUMENT = {
  openapi: '3.1.0',
  paths: {
    '/': {
      post: {
        summary: 'Paint',
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Input' } } } },
      },
    },
    '/health': { get: {} },
    '/echo': { post: {} },
  },
  components: {
    schemas: {
      Style: { enum: ['photo', 'drawing'], type: 'string' },
      Size: { type: 'object', properties: { width: { type: 'integer' } } },
      Input: {
        type: 'object',
        required: ['prompt', 'style'],
        'x-fal-order-properties': ['style', 'prompt'],
        properties: {
          prompt: { type: 'string', title: 'Prompt', description: 'What to paint', examples: ['a fox', 'a whale'] },
          style: { $ref: '#/components/schemas/Style' },
          steps: { type: 'integer', minimum: 1, maximum: 50, default: 4 },
          seed: { anyOf: [{ type: 'integer' }, { type: 'null' }], title: 'Seed' },
          image_url: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
          size: { allOf: [{ $ref: '#/components/schemas/Size' }] },
        },
      },
    },
  },
};

const [root, echo, ...more] = endpointsOf(DOCUMENT);

test('only what takes a POST is an endpoint', () => {
  expect([root?.path, root?.summary, echo, more]).toEqual(['/', 'Paint', { path: '/echo', fields: [] }, []]);
});

test('fields come in fal’s order, the rest as declared, each of its own kind', () => {
  expect(root?.fields.map(({ name, kind, required }) => [name, kind, required])).toEqual([
    ['style', 'choice', true],
    ['prompt', 'text', true],
    ['steps', 'integer', false],
    ['seed', 'integer', false],
    ['image_url', 'file', false],
    ['size', 'json', false],
  ]);
});

test('a field says what the app says of it', () => {
  expect(root?.fields[1]).toEqual({
    name: 'prompt',
    title: 'Prompt',
    description: 'What to paint',
    required: true,
    kind: 'text',
    initial: 'a fox',
  });
  expect(root?.fields[0]).toMatchObject({ title: 'style', choices: ['photo', 'drawing'] });
  expect(root?.fields[2]).toMatchObject({ minimum: 1, maximum: 50, initial: 4 });
});

test('the input begins with defaults, examples and something for what is required, and with nothing else', () => {
  expect(initialInput(root?.fields ?? [])).toEqual({ style: 'photo', prompt: 'a fox', steps: 4 });
});

test('documents that are none, references in a circle and properties of Object’s are harmless', () => {
  expect([null, 'no', [], { paths: 3 }].map(endpointsOf)).toEqual([[], [], [], []]);
  const schema = (reference: string): unknown => ({
    paths: { '/': { post: { requestBody: { content: { 'application/json': { schema: { $ref: reference } } } } } } },
    loop: { $ref: '#/loop' },
  });
  expect(endpointsOf(schema('#/loop'))).toEqual([{ path: '/', fields: [] }]);
  expect(endpointsOf(schema('#/__proto__/constructor'))).toEqual([{ path: '/', fields: [] }]);
});
