import fc from 'fast-check';
import { APP_SPEC_SCHEMA, appAlias, parseAppSpec } from '../../../runtime/domain/app-spec';
import { UserError } from '../../../runtime/domain/user-error';

const NAMED = { name: 'my-app' };

function refusal(declared: unknown): string {
  try {
    parseAppSpec(declared);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(declared)}`);
}

describe('defaults', () => {
  test("an app that declares nothing gets fal's defaults", () => {
    expect(parseAppSpec(NAMED)).toEqual({
      name: 'my-app',
      machine_type: ['S'],
      requirements: [],
      min_concurrency: 0,
      max_concurrency: 5,
      concurrency_buffer: 0,
      concurrency_buffer_perc: 0,
      scaling_delay: 0,
      scaling_policy: 'fal',
      max_multiplexing: 1,
      keep_alive: 60,
      request_timeout: 3600,
      startup_timeout: 600,
      termination_grace_period_seconds: 5,
      auth: 'private',
      env: {},
      volumes: {},
      skip_retry_conditions: [],
    });
  });

  test('a health check gets the defaults of its fields', () => {
    expect(parseAppSpec({ ...NAMED, health_check: { path: '/health' } }).health_check).toEqual({
      path: '/health',
      method: 'POST',
      start_period_seconds: 30,
      timeout_seconds: 5,
      failure_threshold: 3,
      call_regularly: true,
    });
  });

  test('more runners at least than the default at most raise the latter', () => {
    expect(parseAppSpec({ ...NAMED, min_concurrency: 8 }).max_concurrency).toBe(8);
  });

  test('every default of the schema is itself valid', () => {
    for (const [field, schema] of Object.entries(APP_SPEC_SCHEMA.properties ?? {})) {
      if (schema.default !== undefined) parseAppSpec({ ...NAMED, [field]: schema.default });
    }
  });

  test('every example of the schema is itself valid', () => {
    for (const [field, schema] of Object.entries(APP_SPEC_SCHEMA.properties ?? {})) {
      for (const example of schema.examples ?? []) parseAppSpec({ machine_type: 'GPU-T4', ...NAMED, [field]: example });
    }
  });
});

describe('forms', () => {
  test('machine_type is a name or a list of names', () => {
    expect(parseAppSpec({ ...NAMED, machine_type: 'GPU-T4' }).machine_type).toEqual(['GPU-T4']);
    expect(parseAppSpec({ ...NAMED, machine_type: ['GPU-T4', 'GPU-L4'] }).machine_type).toEqual(['GPU-T4', 'GPU-L4']);
  });

  test('requirements are a list or a list of lists', () => {
    expect(parseAppSpec({ ...NAMED, requirements: ['torch', 'pillow'] }).requirements).toEqual([['torch', 'pillow']]);
    expect(parseAppSpec({ ...NAMED, requirements: [['torch'], ['flash-attn']] }).requirements).toEqual([
      ['torch'],
      ['flash-attn'],
    ]);
  });
});

describe('refusals name the field, the value, what is allowed and the nearest valid value', () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      'an unknown machine type',
      { machine_type: 'GPU-A10' },
      "machine_type 'GPU-A10' is unknown; did you mean 'GPU-A10G'? Known: XS, S, M, L, XL, CPU, GPU, GPU-T4,",
    ],
    [
      'a machine type like no other',
      { machine_type: ['GPU-T4', 'mainframe'] },
      "machine_type 'mainframe' is unknown. Known: XS",
    ],
    [
      'min above max',
      { min_concurrency: 5, max_concurrency: 2 },
      'min_concurrency 5 is above max_concurrency 2: lower it to 2, or raise max_concurrency',
    ],
    ['an unknown field', { keep_alve: 3 }, "keep_alve is not a setting; did you mean 'keep_alive'?"],
    ["fal's name for auth", { app_auth: 'public' }, "app_auth is not a setting; did you mean 'auth'?"],
    ['a field like no other', { colour: 'red' }, 'colour is not a setting; known: name, machine_type,'],
    ['too small', { keep_alive: -1 }, 'keep_alive is -1: it must be a whole number from 0 to 604800; nearest: 0'],
    [
      'too large',
      { termination_grace_period_seconds: 7200 },
      'termination_grace_period_seconds is 7200: it must be a whole number from 0 to 3600; nearest: 3600',
    ],
    ['a fraction', { keep_alive: 1.6 }, 'keep_alive is 1.6: it must be a whole number from 0 to 604800; nearest: 2'],
    [
      'a number in quotes',
      { keep_alive: '300' },
      'keep_alive is "300": it must be a whole number from 0 to 604800; nearest: 300',
    ],
    [
      'a boolean number',
      { max_multiplexing: true },
      'max_multiplexing is true: it must be a whole number from 1 to 1000',
    ],
    ['auth', { auth: 'pubic' }, 'auth is "pubic": it must be one of private, shared, public; nearest: "public"'],
    ['a GPU count on a CPU', { machine_type: 'M', num_gpus: 1 }, "num_gpus is 1, but machine_type 'M' has no GPU"],
    ['more GPUs than exist', { num_gpus: 16 }, 'num_gpus is 16: it must be a whole number from 1 to 8; nearest: 8'],
    [
      'a relative mount',
      { volumes: { data: 'v' } },
      'volumes["data"]: "data" is not allowed there, it must be an absolute path',
    ],
    ['a climbing mount', { volumes: { '/data/../etc': 'v' } }, 'it must be an absolute path without'],
    ['a mount over the kernel', { volumes: { '/proc': 'v' } }, 'volumes: /proc belongs to the operating system'],
    [
      'a climbing volume',
      { volumes: { '/data': '../etc' } },
      'volumes["/data"] is "../etc": it must be 1 to 63 letters',
    ],
    ['a bad variable', { env: { 'A=B': 'x' } }, 'env["A=B"]: "A=B" is not allowed there, it must be a variable name'],
    ['a variable that is a number', { env: { A: 1 } }, 'env["A"] is 1: it must be a string'],
    ['a name twice', { env: { T: 'x' }, secrets: ['T'] }, 'T is in env and in secrets: keep it in one of them'],
    ['a bad app name', { name: 'My App' }, 'name is "My App": it must be 1 to 63 lower-case letters'],
    [
      'mixed requirements',
      { requirements: ['a', ['b']] },
      'requirements is ["a",["b"]]: it must be a list of pip requirements',
    ],
    ['a health check without path', { health_check: {} }, 'health_check["path"] is missing: it must be a path'],
    [
      'a shorthand retry',
      { retry_config: { timeout: 3 } },
      'retry_config["timeout"] is 3: it must be {"retries": number}',
    ],
    [
      'an unknown condition',
      { skip_retry_conditions: ['timeouts'] },
      'skip_retry_conditions[0] is "timeouts": it must be one of',
    ],
  ])('%s', (_case, fields, message) => {
    expect(refusal({ ...NAMED, ...fields })).toContain(message);
  });

  test('every wrong field has a line', () => {
    expect(refusal({ ...NAMED, keep_alive: -1, max_multiplexing: 0 }).split('\n')).toHaveLength(2);
  });

  test('a line begins with the place where the field was declared', () => {
    const parse = (): unknown => parseAppSpec({ ...NAMED, keep_alive: -1 }, (field) => `app.py:${field.length}`);
    expect(parse).toThrow(/^app\.py:10: keep_alive is -1/);
  });

  test('what is no mapping is refused', () => {
    for (const declared of [null, 3, 'x', [], undefined]) expect(refusal(declared)).toContain('app spec is');
  });
});

describe('app names', () => {
  test.each([
    ['MyGoodApp', 'my-good-app'],
    ['ONNXModel', 'o-n-n-x-model'],
    ['Sd3App', 'sd-app'],
    ['mock_model', 'mock-model'],
    ['ocr', 'ocr'],
  ])("%s is %s, as fal's own rule has it", (className, alias) => {
    expect(appAlias(className)).toBe(alias);
  });

  test('every class name that has a letter gives a name that the spec accepts', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,30}$/), (className) => {
        expect(parseAppSpec({ name: appAlias(className) }).name).toBe(appAlias(className));
      }),
    );
  });
});
