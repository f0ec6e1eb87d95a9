import { runnerObjects, runnerPartitions } from '../../runtime/aws-layout';
import { appTag } from '../../runtime/domain/tagged-id';
import { denials, judge, type Role } from './iam-proof';
import type { RecordedCall } from './recorded-call';

const account = '111122223333';
const table = `arn:aws:dynamodb:eu-west-1:${account}:table/sgpu-team`;

/** A runner's role as DESIGN.md describes it: limited to the partitions of its app. */
const runnerRole: Role = {
  arn: `arn:aws:iam::${account}:role/sgpu/team/runner`,
  policies: [
    {
      name: 'runner',
      policy: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:Query'],
            Resource: [table, `${table}/index/queue`],
            Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': runnerPartitions('team/mine') } },
          },
          {
            Effect: 'Allow',
            Action: 's3:GetObject',
            Resource: runnerObjects('team/mine').map((key) => `arn:aws:s3:::bucket/${key}`),
          },
        ],
      },
    },
  ],
};

function call(changes: Partial<RecordedCall>): RecordedCall {
  return {
    principal: 'RUNNER',
    action: 'dynamodb:GetItem',
    resources: [table],
    context: {},
    requestBytes: 0,
    at: 0,
    ...changes,
  };
}

const id = (app: string): string => `01900000-0000-7000-8000-000000${appTag(app)}`;
const leading = (key: string) => ({ 'dynamodb:LeadingKeys': [key] });

async function allowed(changes: Partial<RecordedCall>): Promise<boolean> {
  return (await judge(call(changes), runnerRole, account)).every((verdict) => verdict.allowed);
}

test('a runner reads requests, records and queue of its own app', async () => {
  expect(await allowed({ context: leading(`request#${id('team/mine')}`) })).toBe(true);
  expect(await allowed({ context: leading(`runner#${id('team/mine')}`) })).toBe(true);
  expect(await allowed({ context: leading('app#team/mine') })).toBe(true);
  const query = { action: 'dynamodb:Query', resources: [`${table}/index/queue`] };
  expect(await allowed({ ...query, context: leading('queue#team/mine#waiting') })).toBe(true);
  expect(
    await allowed({ action: 's3:GetObject', resources: [`arn:aws:s3:::bucket/requests/${id('team/mine')}/input`] }),
  ).toBe(true);
});

test("a runner is denied another app's data", async () => {
  expect(await allowed({ context: leading(`request#${id('team/other')}`) })).toBe(false);
  expect(await allowed({ context: leading(`runner#${id('team/other')}`) })).toBe(false);
  expect(await allowed({ context: leading('app#team/other') })).toBe(false);
  expect(await allowed({ context: leading('app#team/mine-too') })).toBe(false);
  expect(
    await allowed({ action: 's3:GetObject', resources: [`arn:aws:s3:::bucket/requests/${id('team/other')}/input`] }),
  ).toBe(false);
});

test('what was not granted is denied and said once', async () => {
  const scan = call({ action: 'dynamodb:Scan' });
  const verdicts = [...(await judge(scan, runnerRole, account)), ...(await judge(scan, runnerRole, account))];
  expect(denials(verdicts, () => 'the runner')).toEqual([`the runner may not dynamodb:Scan on ${table}`]);
});
