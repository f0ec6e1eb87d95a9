import { wakeUpsOf } from '../../lambda/wake-ups';
import { ResourceNames } from '../../runtime/aws-layout';

const names = new ResourceNames('studio');
const TICK = { kind: 'tick', everyMinute: false };

describe('what wakes the controller', () => {
  it('is the rule that fires every minute', () => {
    expect(wakeUpsOf({ 'detail-type': 'Scheduled Event', detail: {} }, names)).toEqual([
      { kind: 'tick', everyMinute: true },
    ]);
  });

  it('is each message of its queue', () => {
    const Records = [{ kind: 'poke', app: 'studio/a' }, { kind: 'tick' }].map((body) => ({
      body: JSON.stringify(body),
    }));
    expect(wakeUpsOf({ Records }, names)).toEqual([{ kind: 'poke', app: 'studio/a' }, TICK]);
  });

  it('is a task of an app that changed', () => {
    const detail = { taskDefinitionArn: 'arn:aws:ecs:eu-west-1:1:task-definition/sgpu-studio-my-app:7' };
    expect(wakeUpsOf({ 'detail-type': 'ECS Task State Change', detail }, names)).toEqual([
      { kind: 'poke', app: 'studio/my-app' },
    ]);
  });

  it.each([
    ['EC2 Spot Instance Interruption Warning', 'spot-interruption'],
    ['EC2 Instance Rebalance Recommendation', 'rebalance-recommendation'],
  ])('is an %s', (type, notice) => {
    expect(wakeUpsOf({ 'detail-type': type, detail: { 'instance-id': 'i-1' } }, names)).toEqual([
      { kind: 'notice', instance: 'i-1', notice },
    ]);
  });

  it('is a deployment that wrote what it deployed', () => {
    const detail = { name: '/sgpu/studio/apps/my-app', operation: 'Update' };
    expect(wakeUpsOf({ 'detail-type': 'Parameter Store Change', detail }, names)).toEqual([TICK]);
  });

  it.each([
    undefined,
    'text',
    {},
    { 'detail-type': 'ECS Task State Change', detail: { taskDefinitionArn: 'arn:…/other-family:1' } },
    { 'detail-type': 'EC2 Spot Instance Interruption Warning' },
    { Records: [{ body: 'no JSON' }] },
    { Records: [{ body: '{"kind":"poke","app":7}' }] },
    { Records: [{}] },
  ])('that nobody knows is taken for a tick: %j', (event) => {
    expect(wakeUpsOf(event, names)).toEqual([TICK]);
  });
});
