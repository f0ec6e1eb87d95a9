import Ajv from 'ajv';
import fc from 'fast-check';
import { APP_SPEC_SCHEMA } from '../../../runtime/domain/app-spec';
import { violations, withDefaults, type JsonSchema } from '../../../runtime/domain/json-schema';
import * as schemaFile from '../../../runtime/domain/app-spec.schema.json';

const file = JSON.parse(JSON.stringify({ ...schemaFile, default: undefined })) as Record<string, unknown>;
const accepts = new Ajv({ strict: true }).compile(file);
const accepted = (value: unknown): boolean => violations(APP_SPEC_SCHEMA, value).length === 0;

/** Values near the edge of what a schema allows, on both sides of it. */
function near(schema: JsonSchema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: shaped(schema) }, { weight: 1, arbitrary: fc.jsonValue() });
}

function shaped(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(near));
  if (schema.enum !== undefined) return fc.oneof(fc.constantFrom(...schema.enum), fc.string());
  switch (schema.type) {
    case 'integer': {
      const { minimum = 0, maximum = 0 } = schema;
      return fc.oneof(
        fc.integer({ min: minimum - 1, max: maximum + 1 }),
        fc.constantFrom(minimum - 1, maximum + 1, 0.5),
      );
    }
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(near(schema.items ?? {}), { maxLength: 4 });
    case 'string':
      return fc.oneof(...STRINGS, ...(schema.pattern === undefined ? [] : [fc.stringMatching(simple(schema.pattern))]));
    case 'object':
      return shapedObject(schema);
    default:
      return fc.jsonValue();
  }
}

const STRINGS = [fc.string(), fc.constantFrom('', '/', '/data', '/a/../b', '/data/', 'ünï', 'a\nb', '\u{1F600}')];

function shapedObject(schema: JsonSchema): fc.Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => [name, near(property)] as const);
  const known = fc.record(Object.fromEntries(properties), { requiredKeys: [] });
  const others = fc.dictionary(
    schema.propertyNames === undefined
      ? fc.constantFrom('constructor', 'toString', 'x')
      : near(schema.propertyNames).map(String),
    near(schema.additionalProperties === false ? {} : (schema.additionalProperties ?? {})),
    { maxKeys: schema.propertyNames === undefined ? 1 : 3 },
  );
  return fc
    .tuple(known, fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: others }))
    .map(([fields, more]) => ({ ...fields, ...more }));
}

/** fast-check makes strings from patterns without look-ahead and negated classes. */
function simple(pattern: string): RegExp {
  return new RegExp(pattern.replace(/\(\?![^)]*\)\)/g, '').replace(/\[\^[^\]]*\]/g, '[a-z/ .]'));
}

test('the verdicts on each field are those of ajv', () => {
  for (const [field, schema] of Object.entries(APP_SPEC_SCHEMA.properties ?? {})) {
    fc.assert(
      fc.property(near(schema), (value) => {
        const spec = field === 'name' ? { name: value } : { name: 'a', [field]: value };
        expect(accepted(spec)).toBe(accepts(spec));
      }),
    );
  }
});

test('the verdicts on whole specs are those of ajv', () => {
  fc.assert(
    fc.property(near(APP_SPEC_SCHEMA), (spec) => {
      expect(accepted(spec)).toBe(accepts(spec));
    }),
    { numRuns: 300 },
  );
});

test('keywords that the app spec does not combine are judged as ajv does too', () => {
  const schema: JsonSchema = {
    type: 'object',
    minProperties: 1,
    properties: { a: { type: 'string', minLength: 2, maxLength: 3 }, b: { type: 'array', minItems: 1 } },
  };
  const judge = new Ajv().compile(schema);
  const value = fc.record(
    { a: fc.string({ unit: 'binary', maxLength: 4 }), b: fc.array(fc.boolean(), { maxLength: 2 }), c: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(value, (given) => {
      expect(violations(schema, given).length === 0).toBe(judge(given));
    }),
  );
});

test('every keyword of the schema is one that is judged', () => {
  const judged = new Set(
    (
      'type enum minimum maximum minLength maxLength pattern items minItems properties required additionalProperties ' +
      'propertyNames minProperties anyOf default examples title description $schema'
    ).split(' '),
  );
  const unknown = keywords(file).filter((keyword) => !judged.has(keyword));
  expect(unknown).toEqual([]);
});

function keywords(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, items, additionalProperties, propertyNames, anyOf } = schema as JsonSchema;
  const below = [...Object.values(properties ?? {}), items, additionalProperties, propertyNames, ...(anyOf ?? [])];
  return [...Object.keys(schema), ...below.flatMap(keywords)];
}

test('defaults fill what is absent and change nothing that is there', () => {
  const schema: JsonSchema = {
    type: 'object',
    properties: { a: { default: 1 }, b: { type: 'object', properties: { c: { default: 'x' } } }, d: {} },
  };
  expect(withDefaults(schema, { b: {}, e: null })).toEqual({ a: 1, b: { c: 'x' }, e: null });
  expect(withDefaults(schema, { a: 2 })).toEqual({ a: 2 });
});
