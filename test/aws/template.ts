/** Reads a synthesised CloudFormation template as CloudFormation would: intrinsic functions, in order of dependency. */

export interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: unknown }>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Condition?: string }>>;
}

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

/** What `Ref` and `Fn::GetAtt` of a created resource give. */
export interface Physical {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface Surroundings {
  readonly account: string;
  readonly region: string;
  readonly stackName: string;
  /** Values of template parameters; SSM parameters that the account provides, by name. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Creates one resource from its resolved properties. */
export type Create = (
  logicalId: string,
  resource: Required<Pick<TemplateResource, 'Type' | 'Properties'>>,
) => Promise<Physical>;

export interface CreatedStack {
  readonly resources: ReadonlyMap<string, Physical>;
  readonly outputs: Readonly<Record<string, string>>;
  /** Resolved properties by logical id. */
  readonly properties: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** Creates all resources of a template, each after those it refers to. */
export async function createStack(
  template: Template,
  surroundings: Surroundings,
  create: Create,
): Promise<CreatedStack> {
  const resources = new Map<string, Physical>();
  const properties = new Map<string, Readonly<Record<string, unknown>>>();
  const resolver = new Resolver(template, surroundings, resources);
  for (const id of inOrder(template, resolver)) {
    const resource = template.Resources[id]!;
    const resolved = resolver.resolve(resource.Properties ?? {}) as Readonly<Record<string, unknown>>;
    properties.set(id, resolved);
    resources.set(id, await create(id, { Type: resource.Type, Properties: resolved }));
  }
  const outputs = Object.entries(template.Outputs ?? {})
    .filter(([, { Condition }]) => resolver.holds(Condition))
    .map(([name, { Value }]) => [name, String(resolver.resolve(Value))] as const);
  return { resources, properties, outputs: Object.fromEntries(outputs) };
}

/** Logical ids, those that others need first. Throws on a circle, as CloudFormation does. */
function inOrder(template: Template, resolver: Resolver): readonly string[] {
  const order: string[] = [];
  const visiting = new Set<string>();
  const visit = (id: string, path: readonly string[]): void => {
    if (order.includes(id)) return;
    if (visiting.has(id)) throw new Error(`Circular dependency: ${[...path, id].join(' → ')}`);
    const resource = template.Resources[id];
    if (resource === undefined || !resolver.holds(resource.Condition)) return;
    visiting.add(id);
    for (const needed of [...references(resource.Properties), ...asList(resource.DependsOn)])
      visit(needed, [...path, id]);
    visiting.delete(id);
    order.push(id);
  };
  for (const id of Object.keys(template.Resources)) visit(id, []);
  return order;
}

/** Logical ids that a value refers to. */
function references(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]): readonly string[] => {
    if (key === 'Ref') return [String(inner)];
    if (key === 'Fn::GetAtt') return [Array.isArray(inner) ? String(inner[0]) : String(inner).split('.')[0]!];
    if (key === 'Fn::Sub') {
      const [text, variables] = Array.isArray(inner) ? (inner as [string, unknown]) : [String(inner), {}];
      return [...[...text.matchAll(/\$\{([^!}.]+)[^}]*\}/g)].map((match) => match[1]!), ...references(variables)];
    }
    return references(inner);
  });
}

class Resolver {
  constructor(
    private readonly template: Template,
    private readonly surroundings: Surroundings,
    private readonly created: ReadonlyMap<string, Physical>,
  ) {}

  holds(condition: string | undefined): boolean {
    return condition === undefined || this.resolve(this.template.Conditions?.[condition]) === true;
  }

  resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.resolve(item)).filter((item) => item !== NO_VALUE);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [name, argument] = entries[0] ?? [];
    if (
      entries.length === 1 &&
      name !== undefined &&
      (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))
    )
      return this.intrinsic(name, argument);
    return Object.fromEntries(
      entries.map(([key, inner]) => [key, this.resolve(inner)] as const).filter(([, inner]) => inner !== NO_VALUE),
    );
  }

  private intrinsic(name: string, argument: unknown): unknown {
    const list = (): unknown[] => this.resolve(argument) as unknown[];
    switch (name) {
      case 'Ref':
        return this.reference(String(argument));
      case 'Condition':
        return this.holds(String(argument));
      case 'Fn::GetAtt': {
        const [id, ...path] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.');
        return this.attribute(id!, path.join('.'));
      }
      case 'Fn::Join': {
        const [separator, parts] = list() as [string, unknown[]];
        return parts.map(String).join(separator);
      }
      case 'Fn::Sub':
        return this.substitute(argument);
      case 'Fn::Select': {
        const [index, items] = list() as [string | number, unknown[]];
        return items[Number(index)];
      }
      case 'Fn::Split': {
        const [separator, text] = list() as [string, string];
        return text.split(separator);
      }
      case 'Fn::GetAZs':
        return ['a', 'b', 'c'].map((zone) => `${this.surroundings.region}${zone}`);
      case 'Fn::Cidr': {
        const [block, count, bits] = list() as [string, number | string, number | string];
        return subnets(block, Number(count), Number(bits));
      }
      case 'Fn::Base64':
        return Buffer.from(String(this.resolve(argument))).toString('base64');
      case 'Fn::FindInMap': {
        const [map, first, second] = list() as [string, string, string];
        return this.template.Mappings?.[map]?.[first]?.[second];
      }
      case 'Fn::If': {
        const [condition, yes, no] = argument as [string, unknown, unknown];
        return this.resolve(this.holds(condition) ? yes : no);
      }
      case 'Fn::Equals': {
        const [a, b] = list();
        return a === b;
      }
      case 'Fn::Not':
        return list()[0] !== true;
      case 'Fn::And':
        return list().every((item) => item === true);
      case 'Fn::Or':
        return list().some((item) => item === true);
      case 'Fn::ImportValue':
        return this.surroundings.parameters?.[String(this.resolve(argument))] ?? unknown(`export ${String(argument)}`);
      default:
        return unknown(`the function ${name}`);
    }
  }

  private reference(id: string): unknown {
    const { account, region, stackName, parameters } = this.surroundings;
    switch (id) {
      case 'AWS::AccountId':
        return account;
      case 'AWS::Region':
        return region;
      case 'AWS::Partition':
        return 'aws';
      case 'AWS::URLSuffix':
        return 'amazonaws.com';
      case 'AWS::StackName':
        return stackName;
      case 'AWS::StackId':
        return `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/0`;
      case 'AWS::NoValue':
        return NO_VALUE;
    }
    const parameter = this.template.Parameters?.[id];
    if (parameter !== undefined) {
      const fromSsm = parameter.Type.startsWith('AWS::SSM::Parameter::Value');
      return parameters?.[fromSsm ? String(parameter.Default) : id] ?? parameter.Default;
    }
    return this.created.get(id)?.ref ?? unknown(`a reference to ${id}`);
  }

  private attribute(id: string, path: string): string {
    return this.created.get(id)?.attributes?.[path] ?? unknown(`the attribute ${path} of ${id}`);
  }

  private substitute(argument: unknown): string {
    const [text, variables] = Array.isArray(argument)
      ? [String(argument[0]), this.resolve(argument[1]) as Readonly<Record<string, unknown>>]
      : [String(argument), {}];
    return text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`;
      if (name in variables) return String(variables[name]);
      const [id, ...path] = name.split('.');
      return path.length === 0 ? String(this.reference(id!)) : this.attribute(id!, path.join('.'));
    });
  }
}

/** The first subnets of an IPv4 block, each with `bits` bits for its hosts. */
function subnets(block: string, count: number, bits: number): readonly string[] {
  const address = block
    .split('/')[0]!
    .split('.')
    .reduce((sum, part) => sum * 256 + Number(part), 0);
  return Array.from({ length: count }, (_, index) => {
    const start = address + index * 2 ** bits;
    return `${[24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join('.')}/${32 - bits}`;
  });
}

const NO_VALUE = Symbol('AWS::NoValue');

function unknown(what: string): never {
  throw new Error(`The template needs ${what}, which is not known here`);
}

function asList(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
