import { breakingChanges, type Assembly } from './api-compatibility';

const string = { primitive: 'string' };
const number = { primitive: 'number' };

function api(change: Readonly<Record<string, unknown>> = {}): Assembly {
  const types = {
    Props: { kind: 'interface', datatype: true, properties: [{ name: 'size', type: string, optional: true }] },
    Thing: {
      kind: 'class',
      initializer: { parameters: [{ name: 'id', type: string }] },
      properties: [{ name: 'arn', type: string }],
      methods: [{ name: 'grant', parameters: [{ name: 'to', type: string }], returns: { type: number } }],
    },
    Color: { kind: 'enum', members: [{ name: 'RED' }] },
    ...change,
  };
  return { types } as unknown as Assembly;
}

test('nothing breaks where nothing changed', () => {
  expect(breakingChanges(api(), api())).toEqual([]);
});

test('what is added breaks nothing', () => {
  const after = api({
    New: { kind: 'class' },
    Color: { kind: 'enum', members: [{ name: 'RED' }, { name: 'BLUE' }] },
    Props: { kind: 'interface', datatype: true, properties: [...['size', 'color'].map(optional)] },
  });
  expect(breakingChanges(api(), after)).toEqual([]);
});

test.each([
  ['a type that is gone', { Color: undefined }, 'Color is gone'],
  ['a type of another kind', { Color: { kind: 'class' } }, 'Color was of kind enum, and is of kind class'],
  ['a member that is gone', { Color: { kind: 'enum', members: [] } }, 'Color.RED is gone'],
  [
    'a prop that must be given now',
    { Props: { kind: 'interface', datatype: true, properties: [{ name: 'size', type: string }] } },
    'Props.size is required now',
  ],
  [
    'a new prop that must be given',
    { Props: { kind: 'interface', datatype: true, properties: [optional('size'), { name: 'color', type: string }] } },
    'Props.color is new and required',
  ],
  [
    'another type',
    { Thing: { ...thing(), properties: [{ name: 'arn', type: number }] } },
    'Thing.arn has another type',
  ],
  [
    'a value that may be missing',
    { Thing: { ...thing(), properties: [optional('arn')] } },
    'Thing.arn may be missing now',
  ],
  [
    'one more argument',
    {
      Thing: {
        ...thing(),
        initializer: {
          parameters: [
            { name: 'id', type: string },
            { name: 'size', type: string },
          ],
        },
      },
    },
    'new Thing wants one more argument, size',
  ],
  [
    'another answer',
    { Thing: { ...thing(), methods: [{ name: 'grant', parameters: [{ name: 'to', type: string }] }] } },
    'Thing.grant returns something else',
  ],
])('%s breaks what uses it', (_, change, problem) => {
  expect(breakingChanges(api(), api(change))).toEqual([problem]);
});

function optional(name: string): object {
  return { name, type: string, optional: true };
}

function thing(): object {
  return api().types?.Thing as object;
}
