import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { ResourceNames } from '../../../runtime/aws-layout';
import { AwsSecretStore } from '../../../runtime/aws/secret-store';
import { UserError } from '../../../runtime/domain/user-error';
import { describeSecretStore } from '../../contract/secret-store';
import { type AwsEmulator, clientOf, startAwsEmulator } from '../../support/aws-emulator';

const NAMES = new ResourceNames('studio');

function clientsOf(emulator: AwsEmulator): { readonly secretsManager: SecretsManagerClient; readonly ssm: SSMClient } {
  return { secretsManager: new SecretsManagerClient(clientOf(emulator)), ssm: new SSMClient(clientOf(emulator)) };
}

describeSecretStore('AwsSecretStore', async () => {
  const emulator = await startAwsEmulator();
  return { secrets: new AwsSecretStore(clientsOf(emulator), NAMES), close: () => emulator.stop() };
});

describe('the secrets of a platform on AWS', () => {
  let emulator: AwsEmulator;
  let clients: ReturnType<typeof clientsOf>;
  let secrets: AwsSecretStore;

  beforeAll(async () => {
    emulator = await startAwsEmulator();
    clients = clientsOf(emulator);
    secrets = new AwsSecretStore(clients, NAMES);
  });
  afterAll(() => emulator.stop());

  test.each(['platform/token-signing-key', 'app-key'])(
    '%s is kept as a SecureString, not in Secrets Manager',
    async (name) => {
      const values = await Promise.all(['a', 'b', 'c'].map((value) => secrets.setIfAbsent(name, value)));
      expect(new Set(values).size).toBe(1);
      const { Parameter } = await clients.ssm.send(new GetParameterCommand({ Name: `/sgpu/studio/secrets/${name}` }));
      expect(Parameter?.Type).toBe('SecureString');
      expect((await clients.secretsManager.send(new ListSecretsCommand({}))).SecretList).toEqual([]);
      expect(await secrets.names()).toEqual([]);
      await secrets.set(name, 'new');
      expect(await secrets.get(name)).toBe('new');
      expect([await secrets.remove(name), await secrets.remove(name)]).toEqual([true, false]);
      expect(await secrets.get(name)).toBeUndefined();
    },
  );

  test('platforms of one account do not see each other’s secrets', async () => {
    const other = new AwsSecretStore(clients, new ResourceNames('studio-2'));
    await other.set('HF_TOKEN', 'theirs');
    expect(await secrets.get('HF_TOKEN')).toBeUndefined();
    expect(await secrets.names()).toEqual([]);
    expect(await other.names()).toEqual(['HF_TOKEN']);
  });

  test.each(['', '/', '../studio-2/HF_TOKEN', 'a//b', 'a b', 'a/', '-a', 'ä', 'a*'])(
    '%j names no secret',
    async (name) => {
      await expect(secrets.get(name)).rejects.toThrow(UserError);
      await expect(secrets.set(name, 'x')).rejects.toThrow(UserError);
      await expect(secrets.remove(name)).rejects.toThrow(UserError);
    },
  );
});
