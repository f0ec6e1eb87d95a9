/**
 * The part of JSON Schema that the app spec is written in. A validator of the whole language would be the largest
 * thing in the package; a test holds the verdicts of this one against such a validator.
 */
export interface JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly minProperties?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  /** What a valid value is, in words: "an absolute path such as /data". */
  readonly title?: string;
  readonly description?: string;
}

/** One thing that is wrong: what was found where, and the schema that it does not meet. */
export interface Violation {
  readonly path: readonly (string | number)[];
  readonly problem: 'value' | 'missing' | 'unknown' | 'name';
  readonly value: unknown;
  readonly schema: JsonSchema;
}

/** Everything in which the value does not meet the schema; empty when it is valid. */
export function violations(schema: JsonSchema, value: unknown, path: Violation['path'] = []): readonly Violation[] {
  if (schema.anyOf !== undefined) return ofAlternatives(schema, schema.anyOf, value, path);
  if (!hasType(schema, value) || !inBounds(schema, value)) return [{ path, problem: 'value', value, schema }];
  if (Array.isArray(value)) return ofItems(schema, value, path);
  return isRecord(value) ? ofProperties(schema, value, path) : [];
}

/** The value with the defaults of its schema where a property is absent, at every level. */
export function withDefaults(schema: JsonSchema, value: unknown): unknown {
  if (!isRecord(value) || schema.properties === undefined) return value;
  const filled = Object.entries(schema.properties).flatMap(([name, property]) => {
    const given = Object.hasOwn(value, name) ? value[name] : property.default;
    return given === undefined ? [] : [[name, withDefaults(property, given)] as const];
  });
  return { ...value, ...Object.fromEntries(filled) };
}

/** A valid value is described by its `title`, else by its type and bounds. */
export function inWords(schema: JsonSchema): string {
  if (schema.title !== undefined) return schema.title;
  if (schema.anyOf !== undefined) return schema.anyOf.map(inWords).join(' or ');
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.type === 'integer') return `a whole number${range(schema)}`;
  if (schema.type === 'array') return schema.items === undefined ? 'a list' : `a list of ${inWords(schema.items)}`;
  return { object: 'a mapping', string: 'a string', boolean: 'true or false' }[schema.type ?? 'object'];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function ofAlternatives(
  schema: JsonSchema,
  alternatives: readonly JsonSchema[],
  value: unknown,
  path: Violation['path'],
): readonly Violation[] {
  const verdicts = alternatives.map((alternative) => violations(alternative, value, path));
  if (verdicts.some((verdict) => verdict.length === 0)) return [];
  const meant = verdicts.filter((_, index) => hasType(alternatives[index] ?? {}, value));
  const [only] = meant;
  return meant.length === 1 && only !== undefined ? only : [{ path, problem: 'value', value, schema }];
}

function ofItems(schema: JsonSchema, value: readonly unknown[], path: Violation['path']): readonly Violation[] {
  const { items } = schema;
  return items === undefined ? [] : value.flatMap((item, index) => violations(items, item, [...path, index]));
}

function ofProperties(
  schema: JsonSchema,
  value: Readonly<Record<string, unknown>>,
  path: Violation['path'],
): readonly Violation[] {
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  return [
    ...missing.map((name): Violation => {
      return { path: [...path, name], problem: 'missing', value: undefined, schema: schema.properties?.[name] ?? {} };
    }),
    ...Object.entries(value).flatMap(([name, item]) => ofProperty(schema, name, item, path)),
  ];
}

function ofProperty(schema: JsonSchema, name: string, value: unknown, path: Violation['path']): readonly Violation[] {
  const { properties = {}, propertyNames, additionalProperties } = schema;
  const here = [...path, name];
  if (propertyNames !== undefined && violations(propertyNames, name).length > 0) {
    return [{ path: here, problem: 'name', value: name, schema: propertyNames }];
  }
  const property = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
  if (property === false) return [{ path: here, problem: 'unknown', value, schema }];
  return property === undefined ? [] : violations(property, value, here);
}

function hasType(schema: JsonSchema, value: unknown): boolean {
  switch (schema.type) {
    case undefined:
      return true;
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === schema.type;
  }
}

function inBounds(schema: JsonSchema, value: unknown): boolean {
  if (schema.enum !== undefined && !schema.enum.some((allowed) => allowed === value)) return false;
  if (typeof value === 'number') return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
  if (typeof value === 'string') return stringInBounds(schema, value);
  if (Array.isArray(value)) return value.length >= (schema.minItems ?? 0);
  return !isRecord(value) || Object.keys(value).length >= (schema.minProperties ?? 0);
}

function stringInBounds(schema: JsonSchema, value: string): boolean {
  // JSON Schema counts code points.
  const { length } = Array.from(value);
  if (length < (schema.minLength ?? 0) || length > (schema.maxLength ?? Infinity)) return false;
  return schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(value);
}

function range({ minimum, maximum }: JsonSchema): string {
  if (minimum === undefined || maximum === undefined) return minimum === undefined ? '' : ` of at least ${minimum}`;
  return ` from ${minimum} to ${maximum}`;
}
