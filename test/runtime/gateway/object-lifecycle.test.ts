import { decideAccess, LifecycleError, parseLifecycle } from '../../../runtime/gateway/object-lifecycle';

test('without a header a file lives for ever, for everybody', () => {
  expect(parseLifecycle(undefined)).toEqual({});
  expect(parseLifecycle('{}')).toEqual({});
});

test.each([
  [3600, 3600],
  ['3600', 3600],
  [0, undefined],
  [null, undefined],
])('expiration_duration_seconds %p means %p', (given, expirationSeconds) => {
  expect(parseLifecycle(JSON.stringify({ expiration_duration_seconds: given })).expirationSeconds).toBe(
    expirationSeconds,
  );
});

test('an access list has a default and rules', () => {
  const initial_acl = { default: 'hide', rules: [{ user: 'ann', decision: 'allow' }] };
  expect(parseLifecycle(JSON.stringify({ initial_acl }))).toEqual({ acl: initial_acl });
});

test('an access list without a default allows those it does not name', () => {
  const acl = { default: 'allow', rules: [{ user: 'bob', decision: 'forbid' }] };
  expect(parseLifecycle(JSON.stringify({ initial_acl: { rules: acl.rules } }))).toEqual({ acl });
});

test.each([
  'immediate',
  '[]',
  '{"expiration_duration_seconds":-1}',
  '{"expiration_duration_seconds":"soon"}',
  '{"expiration_duration_seconds":" "}',
  '{"initial_acl":"private"}',
  '{"initial_acl":{"default":"deny"}}',
  '{"initial_acl":{"rules":{}}}',
  '{"initial_acl":{"rules":[{"decision":"allow"}]}}',
  JSON.stringify({ padding: 'x'.repeat(3000) }),
])('what can not be honoured is refused: %.60s', (header) => {
  expect(() => parseLifecycle(header)).toThrow(LifecycleError);
});

describe('access', () => {
  const acl = {
    default: 'hide',
    rules: [
      { user: 'ann', decision: 'allow' },
      { user: 'bob', decision: 'forbid' },
    ],
  } as const;

  test.each([
    ['ann', 'allow'],
    ['bob', 'forbid'],
    ['eve', 'hide'],
    [undefined, 'hide'],
  ])('of %p is %p', (user, decision) => {
    expect(decideAccess(acl, user)).toBe(decision);
  });

  test('is everybody’s without a list', () => {
    expect(decideAccess(undefined, undefined)).toBe('allow');
  });
});
