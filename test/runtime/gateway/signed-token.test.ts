import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { SignedTokens, TOKEN_KEY_SECRET } from '../../../runtime/gateway/signed-token';
import { ManualClock, MemorySecretStore } from '../../support/memory-stores';

interface Claims {
  readonly user: string;
}

let clock: ManualClock;
let secrets: MemorySecretStore;
let tokens: SignedTokens<Claims>;

beforeEach(() => {
  clock = new ManualClock();
  secrets = new MemorySecretStore();
  tokens = tokensFor('upload');
});

test('a token carries its claims', async () => {
  const token = await tokens.sign({ user: 'ann' }, 60);
  expect(await tokens.verify(token)).toEqual({ user: 'ann' });
});

test('a token is a JSON Web Token that any library can check with the key', async () => {
  const [header, payload, signature] = (await tokens.sign({ user: 'ann' }, 60)).split('.');
  expect(decode(header)).toEqual({ alg: 'HS256', typ: 'JWT' });
  expect(decode(payload)).toEqual({
    user: 'ann',
    aud: 'upload',
    iat: clock.now() / 1000,
    exp: clock.now() / 1000 + 60,
  });
  const key = Buffer.from((await secrets.get(TOKEN_KEY_SECRET)) ?? '', 'base64url');
  expect(key).toHaveLength(32);
  expect(signature).toBe(createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url'));
});

test('a token ends', async () => {
  const token = await tokens.sign({ user: 'ann' }, 60);
  clock.advance(59_999);
  expect(await tokens.verify(token)).toBeDefined();
  clock.advance(1);
  expect(await tokens.verify(token)).toBeUndefined();
});

test('a token for one purpose is no good for another', async () => {
  const token = await tokens.sign({ user: 'ann' }, 60);
  expect(await tokensFor('app').verify(token)).toBeUndefined();
});

test('a token of another platform is refused', async () => {
  const token = await tokens.sign({ user: 'ann' }, 60);
  secrets = new MemorySecretStore();
  expect(await tokensFor('upload').verify(token)).toBeUndefined();
});

test('two gateways that start together sign with one key', async () => {
  const other = tokensFor('upload');
  const [first, second] = await Promise.all([tokens.sign({ user: 'ann' }, 60), other.sign({ user: 'bob' }, 60)]);
  expect(await tokens.verify(second)).toEqual({ user: 'bob' });
  expect(await other.verify(first)).toEqual({ user: 'ann' });
});

test('a token that names another algorithm is refused, however it is signed', async () => {
  const [, payload, signature] = (await tokens.sign({ user: 'ann' }, 60)).split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  expect(await tokens.verify(`${none}.${payload}.`)).toBeUndefined();
  expect(await tokens.verify(`${none}.${payload}.${signature}`)).toBeUndefined();
});

test('no character of a token can be changed', async () => {
  const token = await tokens.sign({ user: 'ann' }, 60);
  const character = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 });
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), character, async (at, replacement) => {
      const forged = token.slice(0, at) + replacement + token.slice(at + 1);
      fc.pre(forged !== token);
      expect(await tokens.verify(forged)).toBeUndefined();
    }),
  );
});

test('no text is too odd to be refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      expect(await tokens.verify(text)).toBeUndefined();
    }),
  );
});

test('a secret store that failed once is asked again', async () => {
  jest.spyOn(secrets, 'get').mockRejectedValueOnce(new Error('unreachable'));
  await expect(tokens.sign({ user: 'ann' }, 60)).rejects.toThrow('unreachable');
  expect(await tokens.verify(await tokens.sign({ user: 'ann' }, 60))).toEqual({ user: 'ann' });
});

function tokensFor(purpose: string): SignedTokens<Claims> {
  return new SignedTokens<Claims>(purpose, secrets, clock);
}

function decode(part: string | undefined): unknown {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
}
