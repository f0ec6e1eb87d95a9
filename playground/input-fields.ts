/** What an app takes, read from its OpenAPI document: its endpoints, and for each the fields of a form. Pure. */

export interface Endpoint {
  /** `/` or `/predict`. */
  readonly path: string;
  readonly summary?: string;
  /** Empty when the endpoint takes no object, or one of unknown shape. */
  readonly fields: readonly InputField[];
}

export interface InputField {
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  readonly required: boolean;
  readonly kind: FieldKind;
  /** Of kind `choice`. */
  readonly choices?: readonly unknown[];
  /** Of kinds `integer` and `number`. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** What the app documents as its default, or as the first example. */
  readonly initial?: unknown;
}

/** `file` is a URL that an upload may give; `json` anything that has no field of its own. */
export type FieldKind = 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'file' | 'json';

type Schema = Readonly<Record<string, unknown>>;

/** The endpoints that take a POST, as the document orders them. Empty for what is no OpenAPI document. */
export function endpointsOf(document: unknown): readonly Endpoint[] {
  const root = record(document);
  return Object.entries(record(root.paths)).flatMap(([path, operations]) => {
    const operation = record(operations).post;
    if (operation === undefined) return [];
    const { summary, requestBody } = record(operation);
    const schema = resolved(record(record(record(record(requestBody).content)['application/json']).schema), root);
    return [{ path, ...(typeof summary === 'string' ? { summary } : {}), fields: fieldsOf(schema, root) }];
  });
}

/** An input to begin with: what is documented, and something of the right type where a value is required. */
export function initialInput(fields: readonly InputField[]): Record<string, unknown> {
  const given = fields.filter(({ initial, required }) => required || (initial !== undefined && initial !== null));
  return Object.fromEntries(given.map((field) => [field.name, field.initial ?? blank(field)]));
}

function fieldsOf(schema: Schema, root: Schema): readonly InputField[] {
  const required = list(schema.required);
  const properties = Object.entries(record(schema.properties));
  const order = list(schema['x-fal-order-properties']);
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return properties
    .sort(([a], [b]) => place(a) - place(b))
    .map(([name, property]) => fieldOf(name, record(property), required.includes(name), root));
}

function fieldOf(name: string, property: Schema, required: boolean, root: Schema): InputField {
  const schema = resolved(property, root);
  const { title, description } = { ...schema, ...property };
  const initial = property.default ?? schema.default ?? list(property.examples ?? schema.examples)[0];
  const kind = kindOf(name, schema);
  return {
    name,
    title: typeof title === 'string' ? title : name,
    ...(typeof description === 'string' ? { description } : {}),
    required,
    kind,
    ...(kind === 'choice' ? { choices: list(schema.enum) } : {}),
    ...(typeof schema.minimum === 'number' ? { minimum: schema.minimum } : {}),
    ...(typeof schema.maximum === 'number' ? { maximum: schema.maximum } : {}),
    ...(initial === undefined ? {} : { initial }),
  };
}

function kindOf(name: string, schema: Schema): FieldKind {
  if (Array.isArray(schema.enum)) return 'choice';
  switch (schema.type) {
    case 'string':
      return /(^|_)url$/.test(name) || schema.format === 'uri' ? 'file' : 'text';
    case 'integer':
    case 'number':
    case 'boolean':
      return schema.type;
    default:
      return 'json';
  }
}

function blank({ kind, choices = [], minimum }: InputField): unknown {
  switch (kind) {
    case 'text':
    case 'file':
      return '';
    case 'integer':
    case 'number':
      return minimum ?? 0;
    case 'boolean':
      return false;
    case 'choice':
      return choices[0];
    case 'json':
      return null;
  }
}

/** References can lead in a circle; no sensible one is longer than this. */
const MOST_REFERENCES = 20;

/** The schema behind references, and behind the `anyOf` with `null` by which optional fields are written. */
function resolved(schema: Schema, root: Schema, depth = 0): Schema {
  if (depth === MOST_REFERENCES) return {};
  if (typeof schema.$ref === 'string') return resolved(referred(schema.$ref, root), root, depth + 1);
  const { anyOf, allOf } = schema;
  const options = list(anyOf ?? allOf).filter((option) => record(option).type !== 'null');
  return options.length === 1 ? resolved(record(options[0]), root, depth + 1) : schema;
}

/** `#/components/schemas/Input` */
function referred(reference: string, root: Schema): Schema {
  return reference
    .split('/')
    .slice(1)
    .reduce<Schema>((at, name) => record(Object.hasOwn(at, name) ? at[name] : undefined), root);
}

function record(value: unknown): Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
