/** Whether a deployment changes the code of an app alone: nothing in its template but the tags of images. */

/** What is looked at of a CloudFormation template. */
export interface Template extends Readonly<Record<string, unknown>> {
  readonly Resources?: Readonly<Record<string, Resource>>;
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** Tags of images by the names of their containers. */
export type ImageTags = Readonly<Record<string, string>>;

/**
 * What a deployment changes besides the tags of images, in words. `parameter` names the one that holds the app's
 * deployment: what a deployment says of itself in it (`NOTES`) is no change.
 */
export function changesBesidesCode(deployed: Template, wanted: Template, parameter: string): readonly string[] {
  return differences(withoutCode(deployed, parameter), withoutCode(wanted, parameter));
}

/** Properties of an `AppDeployment` that are chosen anew with each deployment. */
export const NOTES = ['strategy', 'message', 'annotations'] as const;

const TASK_DEFINITION = 'AWS::ECS::TaskDefinition';

/** `…/cdk-hnb659fds-container-assets-…:<hash>`: what the CDK writes for an image that it builds. */
const BUILT_IMAGE = /^(.+container-assets.+:)([0-9a-f]{64})$/;

/** `undefined` unless there is one task definition, all of whose images the CDK builds. */
export function imageTags({ Resources = {} }: Template): ImageTags | undefined {
  const [definition, another] = Object.values(Resources).filter(({ Type }) => Type === TASK_DEFINITION);
  if (definition === undefined || another !== undefined) return undefined;
  const tags = containersOf(definition).map(({ Name, Image }) => [Name, BUILT_IMAGE.exec(textOf(Image))?.[2]] as const);
  return tags.every((entry): entry is readonly [string, string] => entry[1] !== undefined)
    ? Object.fromEntries(tags)
    : undefined;
}

function withoutCode(template: Template, parameter: string): Template {
  const resources = Object.entries(template.Resources ?? {}).map(([id, resource]) => {
    if (resource.Type === TASK_DEFINITION) return [id, withoutTags(resource)] as const;
    if (resource.Properties?.Name === parameter) return [id, withoutNotes(resource)] as const;
    return [id, resource] as const;
  });
  return { ...template, Resources: Object.fromEntries(resources) };
}

function withoutTags(definition: Resource): Resource {
  const ContainerDefinitions = containersOf(definition).map((container) => ({
    ...container,
    Image: BUILT_IMAGE.exec(textOf(container.Image))?.[1] ?? container.Image,
  }));
  return { ...definition, Properties: { ...definition.Properties, ContainerDefinitions } };
}

function withoutNotes(resource: Resource): Resource {
  const Value = parsedDeployment(resource.Properties?.Value);
  const kept = Value && Object.entries(Value).filter(([name]) => !(NOTES as readonly string[]).includes(name));
  return kept === undefined
    ? resource
    : { ...resource, Properties: { ...resource.Properties, Value: Object.fromEntries(kept) } };
}

/** JSON in which CloudFormation fills in ARNs; these stand in it by the names of their resources. */
function parsedDeployment(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const parts = (value as { readonly 'Fn::Join'?: readonly [string, readonly unknown[]] } | undefined)?.[
    'Fn::Join'
  ]?.[1];
  const text = parts?.map((part) => (typeof part === 'string' ? part : JSON.stringify(part).replaceAll('"', "'")));
  try {
    return JSON.parse(text?.join('') ?? String(value)) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

interface Container extends Readonly<Record<string, unknown>> {
  readonly Name: string;
  readonly Image: unknown;
}

function containersOf({ Properties }: Resource): readonly Container[] {
  return (Properties?.ContainerDefinitions ?? []) as readonly Container[];
}

function textOf(image: unknown): string {
  const text = typeof image === 'string' ? image : (image as { readonly 'Fn::Sub'?: unknown } | undefined)?.['Fn::Sub'];
  return typeof text === 'string' ? text : '';
}

/** Resources and sections that differ, as people know them. */
function differences(before: Template, after: Template): readonly string[] {
  const { Resources: old = {}, ...oldRest } = before;
  const { Resources: now = {}, ...nowRest } = after;
  const resources = union(old, now).filter((id) => !same(old[id], now[id]));
  const sections = union(oldRest, nowRest).filter((name) => !same(oldRest[name], nowRest[name]));
  return [...resources.map((id) => `${(now[id] ?? old[id])?.Type ?? ''} ${id}`), ...sections];
}

function union(one: object, other: object): readonly string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])];
}

function same(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
