import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { SignedTokens, TOKEN_KEY_SECRET } from '../../../runtime/gateway/signed-token';
import type { SecretStore } from '../../../runtime/ports';

interface Claims {
  readonly user: string;
}

let now: number;
let secrets: Map<string, string>;
let tokens: SignedTokens<Claims>;

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  secrets = new Map();
  tokens = tokensFor('upload');
});

test('a token carries its claims', async () => {
  const token = await tokens.sign({ user: 'ann' }, 60);
  expect(await tokens.verify(token)).toMatchObject({ user: 'ann' });
});

test('a token is a JSON Web Token that any library can check with the key', async () => {
  const [header, payload, signature] = (await tokens.sign({ user: 'ann' }, 60)).split('.');
  expect(decode(header)).toEqual({ alg: 'HS256', typ: 'JWT' });
  expect(decode(payload)).toEqual({ user: 'ann', aud: 'upload', iat: now / 1000, exp: now / 1000 + 60 });
  const key = Buffer.from(secrets.get(TOKEN_KEY_SECRET) ?? '', 'base64url');
  expect(key).toHaveLength(32);
  expect(signature).toBe(createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url'));
});

test('a token ends', async () => {
  const token = await tokens.sign({ user: 'ann' }, 60);
  now += 59_999;
  expect(await tokens.verify(token)).toBeDefined();
  now += 1;
  expect(await tokens.verify(token)).toBeUndefined();
});

test('a token for one purpose is no good for another', async () => {
  const token = await tokens.sign({ user: 'ann' }, 60);
  expect(await tokensFor('app').verify(token)).toBeUndefined();
});

test('a token of another platform is refused', async () => {
  const token = await tokens.sign({ user: 'ann' }, 60);
  secrets.clear();
  expect(await tokensFor('upload').verify(token)).toBeUndefined();
});

test('two gateways that start together sign with one key', async () => {
  const other = tokensFor('upload');
  const [first, second] = await Promise.all([tokens.sign({ user: 'ann' }, 60), other.sign({ user: 'bob' }, 60)]);
  expect(await tokens.verify(second)).toMatchObject({ user: 'bob' });
  expect(await other.verify(first)).toMatchObject({ user: 'ann' });
});

test('a token that names another algorithm is refused, however it is signed', async () => {
  const [, payload, signature] = (await tokens.sign({ user: 'ann' }, 60)).split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  expect(await tokens.verify(`${none}.${payload}.`)).toBeUndefined();
  expect(await tokens.verify(`${none}.${payload}.${signature}`)).toBeUndefined();
});

test('no character of a token can be changed', async () => {
  const token = await tokens.sign({ user: 'ann' }, 60);
  const character = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.');
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
  const store = secretStore();
  const failing = { ...store, get: jest.fn(store.get).mockRejectedValueOnce(new Error('unreachable')) };
  const flaky = new SignedTokens<Claims>('upload', failing, { now: () => now });
  await expect(flaky.sign({ user: 'ann' }, 60)).rejects.toThrow('unreachable');
  expect(await flaky.verify(await flaky.sign({ user: 'ann' }, 60))).toMatchObject({ user: 'ann' });
});

function tokensFor(purpose: string): SignedTokens<Claims> {
  return new SignedTokens<Claims>(purpose, secretStore(), { now: () => now });
}

function secretStore(): SecretStore {
  return {
    get: async (name) => secrets.get(name),
    set: async (name, value) => void secrets.set(name, value),
    setIfAbsent: async (name, value) => {
      if (!secrets.has(name)) secrets.set(name, value);
      return secrets.get(name) ?? value;
    },
    names: async () => [...secrets.keys()],
    remove: async (name) => secrets.delete(name),
  };
}

function decode(part: string | undefined): unknown {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
}
