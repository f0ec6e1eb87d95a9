import { parseAppSpec } from '../../runtime/domain/app-spec';
import { historyOf } from '../../sim/request-history';
import { appAttributes, cdkProps, scaleLine, whatIf, type Choices } from '../../sim/what-if';
import { whatIfHtml } from '../../sim/what-if-report';
import { requests } from './scenario';

const SPEC = parseAppSpec({ name: 'app', machine_type: 'GPU-L4', startup_timeout: 3600 });
const CHOICES: Choices = {
  machine_type: ['GPU-L4'],
  min_concurrency: [0],
  max_concurrency: [5],
  keep_alive: [3600, 60],
  scaling_policy: ['fal'],
};
const HOURLY = requests(...Array.from({ length: 5 }, (_, hour) => [7200 * hour, 10] as const));

test('what costs less and keeps nobody waiting for longer is recommended', () => {
  const { current, recommended } = whatIf(HOURLY, { spec: SPEC, startSeconds: 100, choices: CHOICES });
  expect(current.keep_alive).toBe(3600);
  expect(recommended.keep_alive).toBe(60);
  expect(recommended.usd).toBeLessThan(current.usd);
});

test('what costs less but keeps callers waiting is not', () => {
  const often = requests(...Array.from({ length: 20 }, (_, index) => [600 * index, 10] as const));
  const result = whatIf(often, { spec: SPEC, startSeconds: 100, choices: CHOICES });
  expect(result.outcomes[0]?.keep_alive).toBe(60);
  expect(result.recommended).toBe(result.current);
});

test('every combination is played once, and progress is told', () => {
  const done: number[] = [];
  const { outcomes } = whatIf(HOURLY, {
    spec: SPEC,
    startSeconds: 100,
    choices: { ...CHOICES, scaling_policy: ['fal', 'adaptive'], min_concurrency: [0, 9] },
    onProgress: (count) => done.push(count),
  });
  // A minimum of 9 does not go with a maximum of 5.
  expect(outcomes).toHaveLength(4);
  expect(done).toEqual([1, 2, 3, 4]);
});

test('a machine type without a price is refused by name', () => {
  const choices: Choices = { ...CHOICES, machine_type: ['GPU-NONE'] };
  expect(() => whatIf(HOURLY, { spec: SPEC, startSeconds: 1, choices })).toThrow('GPU-NONE with 1 GPUs has no');
});

test('a choice can be applied as a command, as props and as attributes', () => {
  const choice = {
    machine_type: 'GPU-L4',
    min_concurrency: 0,
    max_concurrency: 5,
    keep_alive: 60,
    scaling_policy: 'adaptive' as const,
  };
  expect(scaleLine('me/app', choice)).toBe(
    'sgpu app scale me/app --min-concurrency 0 --max-concurrency 5 --keep-alive 60',
  );
  expect(cdkProps(choice)).toContain('keepAlive: Duration.seconds(60),');
  expect(appAttributes(choice)).toContain('keep_alive = 60\nscaling_policy = "adaptive"');
});

test('the page needs nothing else and escapes names', () => {
  const html = whatIfHtml('<app>', whatIf(HOURLY, { spec: SPEC, startSeconds: 100, choices: CHOICES }), 'apply');
  expect(html).toContain('&lt;app&gt;');
  expect(html).not.toMatch(/src=|href=/);
});

test('a history has the requests that were answered, from the first on', () => {
  const { arrivalMs, serviceMs } = historyOf([
    { app: 'a', submittedAt: 5_000, startedAt: 6_000, completedAt: 9_000 },
    { app: 'a', submittedAt: 4_000, startedAt: 4_500, completedAt: 5_000 },
    { app: 'a', submittedAt: 1_000 },
  ]);
  expect([...arrivalMs]).toEqual([0, 1_000]);
  expect([...serviceMs]).toEqual([500, 3_000]);
});
