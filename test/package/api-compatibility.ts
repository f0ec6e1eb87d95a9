/** What of a jsii assembly users can depend on, and what of it a change takes away. */

export interface Assembly {
  readonly types?: Readonly<Record<string, AssemblyType>>;
}

interface AssemblyType {
  readonly kind: 'class' | 'interface' | 'enum';
  /** A struct: users write its values themselves. */
  readonly datatype?: boolean;
  readonly members?: readonly { readonly name: string }[];
  readonly properties?: readonly Value[];
  readonly methods?: readonly Callable[];
  readonly initializer?: Omit<Callable, 'name'>;
}

interface Value {
  readonly name: string;
  readonly type: unknown;
  readonly optional?: boolean;
}

interface Callable {
  readonly name: string;
  readonly parameters?: readonly Value[];
  readonly returns?: Omit<Value, 'name'>;
}

/** Each change by which code that uses `before` would break with `after`, in words. */
export function breakingChanges(before: Assembly, after: Assembly): readonly string[] {
  return Object.entries(before.types ?? {}).flatMap(([name, type]) => {
    const now = after.types?.[name];
    if (now === undefined) return [`${name} is gone`];
    if (now.kind !== type.kind) return [`${name} was of kind ${type.kind}, and is of kind ${now.kind}`];
    return [
      ...gone(name, type.members, now.members),
      ...gone(name, type.properties, now.properties),
      ...gone(name, type.methods, now.methods),
      ...changedProperties(name, type, now),
      ...(type.methods ?? []).flatMap((method) => {
        const same = now.methods?.find((one) => one.name === method.name);
        return same === undefined ? [] : changedCall(`${name}.${method.name}`, method, same);
      }),
      ...changedCall(`new ${name}`, type.initializer, now.initializer),
    ];
  });
}

function gone(
  name: string,
  before: readonly { readonly name: string }[] = [],
  after: readonly { readonly name: string }[] = [],
): readonly string[] {
  return before
    .filter((one) => !after.some((other) => other.name === one.name))
    .map((one) => `${name}.${one.name} is gone`);
}

function changedProperties(name: string, before: AssemblyType, after: AssemblyType): readonly string[] {
  return (after.properties ?? []).flatMap((property) => {
    const was = before.properties?.find((one) => one.name === property.name);
    const what = `${name}.${property.name}`;
    const required = property.optional !== true;
    if (was === undefined) return before.datatype === true && required ? [`${what} is new and required`] : [];
    if (!sameType(was, property)) return [`${what} has another type`];
    if (before.datatype === true && was.optional === true && required) return [`${what} is required now`];
    if (before.datatype !== true && was.optional !== true && !required) return [`${what} may be missing now`];
    return [];
  });
}

function changedCall(
  what: string,
  before: Omit<Callable, 'name'> = {},
  after: Omit<Callable, 'name'> = {},
): readonly string[] {
  const { parameters: old = [] } = before;
  const { parameters = [] } = after;
  return [
    ...(old.length > parameters.length ? [`${what} takes fewer arguments`] : []),
    ...parameters.flatMap((parameter, index) => {
      const was = old[index];
      const optional = parameter.optional === true;
      if (was === undefined) return optional ? [] : [`${what} wants one more argument, ${parameter.name}`];
      if (!sameType(was, parameter)) return [`${parameter.name} of ${what} has another type`];
      return was.optional === true && !optional ? [`${parameter.name} of ${what} is required now`] : [];
    }),
    ...(sameType(before.returns, after.returns) ? [] : [`${what} returns something else`]),
  ];
}

function sameType(before?: Pick<Value, 'type'>, after?: Pick<Value, 'type'>): boolean {
  return JSON.stringify(before?.type) === JSON.stringify(after?.type);
}
