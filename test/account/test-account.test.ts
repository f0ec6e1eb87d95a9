import { ACCOUNT_VARIABLE, testAccount } from './test-account';

const identity = { account: '111122223333', region: 'eu-west-1' };
const identify = () => Promise.resolve(identity);

test('without credentials it is refused, with what to set', async () => {
  const none = () => Promise.reject(new Error('Could not load credentials from any providers'));
  const refused = testAccount({ [ACCOUNT_VARIABLE]: '111122223333' }, none);
  await expect(refused).rejects.toThrow(/^No AWS credentials: Could not load .*AWS_PROFILE.*SGPU_TEST_ACCOUNT/);
});

test('an account that was not named is refused, whose credentials are at hand or not', async () => {
  await expect(testAccount({}, identify)).rejects.toThrow('SGPU_TEST_ACCOUNT is not set');
  await expect(testAccount({ [ACCOUNT_VARIABLE]: '444455556666' }, identify)).rejects.toThrow(
    'The credentials belong to account 111122223333, SGPU_TEST_ACCOUNT names 444455556666',
  );
});

test('the account that was named is taken, in the region of the credentials', async () => {
  expect(await testAccount({ [ACCOUNT_VARIABLE]: '111122223333' }, identify)).toEqual(identity);
});
