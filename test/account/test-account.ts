/** The AWS account in which `npm run test:account` deploys: only one that it was told, so that no other is billed. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

/** Holds the id of the account that may be deployed to. */
export const ACCOUNT_VARIABLE = 'SGPU_TEST_ACCOUNT';

export interface TestAccount {
  readonly account: string;
  readonly region: string;
}

export interface Identity {
  readonly account: string;
  readonly region: string;
}

/** Rejects with what to do when there are no credentials, or those of another account than the variable names. */
export async function testAccount(
  environment: NodeJS.ProcessEnv,
  identify: () => Promise<Identity> = identityOfCaller,
): Promise<TestAccount> {
  const wanted = environment[ACCOUNT_VARIABLE];
  const { account, region } = await identify().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`No AWS credentials: ${reason}. ${HOW}`);
  });
  if (wanted === undefined || wanted === '') throw new Error(`${ACCOUNT_VARIABLE} is not set. ${HOW}`);
  if (wanted !== account)
    throw new Error(`The credentials belong to account ${account}, ${ACCOUNT_VARIABLE} names ${wanted}. ${HOW}`);
  return { account, region };
}

const HOW =
  'This test deploys a stack, starts a machine that is billed by the second, and deletes both again. Set AWS_PROFILE ' +
  `(or other credentials) and AWS_REGION, bootstrap that region for the CDK, and set ${ACCOUNT_VARIABLE} to the id of ` +
  'the account that may be used';

async function identityOfCaller(): Promise<Identity> {
  const sts = new STSClient({});
  const region = await sts.config.region();
  const { Account: account = '' } = await sts.send(new GetCallerIdentityCommand({}));
  return { account, region };
}
