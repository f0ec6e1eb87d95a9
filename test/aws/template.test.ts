import { createStack, type Create, type Template } from './template';

const surroundings = { account: '111122223333', region: 'eu-west-1', stackName: 'Stack' };
const create: Create = async (id, { Type }) => ({
  ref: `ref-${id}`,
  attributes: { Arn: `arn:${Type}:${id}`, 'Endpoint.Port': '1' },
});

function resolved(value: unknown, rest: Partial<Template> = {}): Promise<unknown> {
  const template = { Resources: { Queue: { Type: 'Q' }, It: { Type: 'T', Properties: { value } } }, ...rest };
  return createStack(template, surroundings, create).then(({ properties }) => properties.get('It')?.value);
}

test.each([
  [{ Ref: 'Queue' }, 'ref-Queue'],
  [{ 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:Q:Queue'],
  [{ 'Fn::GetAtt': 'Queue.Endpoint.Port' }, '1'],
  [{ 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }]] }, 'a-eu-west-1'],
  [{ 'Fn::Sub': '${AWS::AccountId}/${Queue.Arn}/${!Kept}' }, '111122223333/arn:Q:Queue/${Kept}'],
  [{ 'Fn::Sub': ['${x}', { x: { Ref: 'Queue' } }] }, 'ref-Queue'],
  [{ 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b'] }] }, 'b'],
  [{ 'Fn::Select': [0, { 'Fn::GetAZs': '' }] }, 'eu-west-1a'],
  [{ 'Fn::Cidr': ['10.0.0.0/16', 2, 12] }, ['10.0.0.0/20', '10.0.16.0/20']],
  [{ 'Fn::Base64': 'hi' }, 'aGk='],
  [{ kept: 1, gone: { Ref: 'AWS::NoValue' } }, { kept: 1 }],
  [[{ Ref: 'AWS::NoValue' }, 2], [2]],
])('%j is %j', async (value, expected) => {
  expect(await resolved(value)).toEqual(expected);
});

test('conditions choose values and leave out resources', async () => {
  const Conditions = {
    Here: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'eu-west-1'] },
    Not: { 'Fn::Not': [{ Condition: 'Here' }] },
  };
  expect(await resolved({ 'Fn::If': ['Here', 'yes', 'no'] }, { Conditions })).toBe('yes');
  const stack = await createStack(
    { Conditions, Resources: { A: { Type: 'T', Condition: 'Not' } } },
    surroundings,
    create,
  );
  expect([...stack.resources.keys()]).toEqual([]);
});

test('resources come after those they refer to', async () => {
  const order: string[] = [];
  const note: Create = async (id, resource) => {
    order.push(id);
    return create(id, resource);
  };
  const Resources = {
    A: { Type: 'T', Properties: { b: { 'Fn::Sub': '${B.Arn}' } } },
    B: { Type: 'T', DependsOn: ['C'] },
    C: { Type: 'T' },
  };
  await createStack({ Resources }, surroundings, note);
  expect(order).toEqual(['C', 'B', 'A']);
});

test('a circle and an unknown reference are refused', async () => {
  const circle = { A: { Type: 'T', DependsOn: 'B' }, B: { Type: 'T', DependsOn: 'A' } };
  await expect(createStack({ Resources: circle }, surroundings, create)).rejects.toThrow('A → B → A');
  await expect(resolved({ Ref: 'Nobody' })).rejects.toThrow('a reference to Nobody');
});

test('SSM parameters of the account are taken by their name, outputs are resolved', async () => {
  const template: Template = {
    Parameters: { Ami: { Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: '/ami' } },
    Resources: {},
    Outputs: { Image: { Value: { Ref: 'Ami' } } },
  };
  const stack = await createStack(template, { ...surroundings, parameters: { '/ami': 'ami-1' } }, create);
  expect(stack.outputs).toEqual({ Image: 'ami-1' });
});
