/** What the CDK says went wrong, as something to do about it. */
import { UserError } from '../../runtime/domain/user-error';
import { awsProblem } from '../aws/access';

/** A message for people; what is not of the user's making is thrown as it is. */
export function deploymentProblem(error: unknown): Error {
  const { message = '', name = '', type } = error as Partial<Error> & { readonly type?: unknown };
  if (/bootstrap/i.test(message)) {
    return new UserError(
      `The account is not bootstrapped for the CDK: run \`npx cdk bootstrap\` once, then deploy again\n${message}`,
    );
  }
  if (/docker/i.test(message) && /ENOENT|not found|daemon|connect/i.test(message)) {
    return new UserError(
      `The image can't be built without Docker: start it, or install it, then deploy again\n${message}`,
    );
  }
  if (/Unable to resolve AWS account|credentials/i.test(message)) {
    return new UserError(
      'No AWS credentials to deploy with: run `aws configure` or `aws sso login`, or name --aws-profile',
    );
  }
  const known = awsProblem(error, 'to deploy');
  if (known instanceof UserError) return known;
  // Errors of the toolkit, of CloudFormation and of the constructs are meant for people.
  if (type === 'toolkit') return new UserError(`${message.trim()}\nMend that, and deploy again`);
  return /Toolkit|Authentication|Assembly|Deployment|ValidationError|RefusedError|UserError/.test(name)
    ? new UserError(message)
    : known;
}
