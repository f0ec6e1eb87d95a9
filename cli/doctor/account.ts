/** Whether the account can be deployed to: credentials, region, bootstrap stack. */
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { awsProblem, clientConfiguration, shown, type AwsAccess } from '../aws/access';
import { ok, problem, type Finding } from './finding';

export interface Account {
  readonly region: string;
  readonly findings: readonly Finding[];
}

/** Where the region is known and the credentials are good; else only the findings. */
export async function checkAccount(access: AwsAccess): Promise<Partial<Account> & Pick<Account, 'findings'>> {
  const sts = shown(new STSClient(clientConfiguration(access)), access);
  try {
    const region = await sts.config.region();
    const { Arn = '', Account = '' } = await sts.send(new GetCallerIdentityCommand({}));
    const findings = [ok('credentials', `${Arn} (account ${Account})`), ok('region', region), await bootstrap(access)];
    return { region, findings };
  } catch (error) {
    const { message } = awsProblem(error, 'to look at the account');
    const check = /region/i.test(message) ? 'region' : 'credentials';
    return { findings: [problem(check, message.split(': ')[0] ?? message, message.split(': ')[1] ?? 'try again')] };
  }
}

/** The version of the CDK's bootstrap stack that deployments of the CDK need. */
const BOOTSTRAP_VERSION = 6;
const BOOTSTRAP_PARAMETER = '/cdk-bootstrap/hnb659fds/version';

async function bootstrap(access: AwsAccess): Promise<Finding> {
  const ssm = shown(new SSMClient(clientConfiguration(access)), access);
  try {
    const { Parameters = [] } = await ssm.send(new GetParametersCommand({ Names: [BOOTSTRAP_PARAMETER] }));
    const version = Parameters[0]?.Value;
    if (version === undefined) return problem('bootstrap', 'the CDK has no stack in this region', BOOTSTRAP);
    if (Number(version) >= BOOTSTRAP_VERSION) return ok('bootstrap', `version ${version}`);
    return problem('bootstrap', `version ${version} is older than ${BOOTSTRAP_VERSION}`, BOOTSTRAP);
  } catch (error) {
    return problem('bootstrap', awsProblem(error, 'to look for the bootstrap stack').message, BOOTSTRAP);
  }
}

const BOOTSTRAP = 'run `npx cdk bootstrap` once in this account and region';
