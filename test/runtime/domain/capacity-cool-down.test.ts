import { coolDownAfter, coolingDown, type CoolDown, type Refusal } from '../../../runtime/domain/capacity-cool-down';

const REFUSAL: Refusal = {
  ...{ instanceType: 'g5.xlarge', market: 'spot', zone: 'us-east-1a', kind: 'capacity' },
  code: 'InsufficientInstanceCapacity',
};

test('what is refused again and again is tried after 30 s, then twice as long each time, up to 10 minutes', () => {
  const delays: number[] = [];
  let before: CoolDown | undefined;
  for (let now = 0; delays.length < 7; now = before.until) {
    before = coolDownAfter(REFUSAL, before, now);
    delays.push((before.until - now) / 1000);
  }
  expect(delays).toEqual([30, 60, 120, 240, 480, 600, 600]);
});

test('a refusal long after the last one begins a new series', () => {
  const first = coolDownAfter(REFUSAL, undefined, 0);
  const second = coolDownAfter(REFUSAL, first, first.until);
  expect(coolDownAfter(REFUSAL, second, second.until + 600_000).refusals).toBe(1);
});

test('a cool-down concerns its own zone and market alone, one of a quota every zone', () => {
  const inZone = coolDownAfter(REFUSAL, undefined, 0);
  const ofQuota = coolDownAfter({ ...REFUSAL, zone: '*', kind: 'quota', code: 'VcpuLimitExceeded' }, undefined, 0);
  const other = { ...REFUSAL, zone: 'us-east-1b' };
  expect(coolingDown([inZone], REFUSAL, 29_999)).toBe(inZone);
  expect(coolingDown([inZone], REFUSAL, 30_000)).toBeUndefined();
  expect(coolingDown([inZone], other, 1)).toBeUndefined();
  expect(coolingDown([inZone], { ...REFUSAL, market: 'on-demand' }, 1)).toBeUndefined();
  expect(coolingDown([ofQuota], other, 1)).toBe(ofQuota);
});
