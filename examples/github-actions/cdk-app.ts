/** GitHub Actions deploys an app without any long-lived key: `deploy.yml` beside this file is its workflow. */
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { AppSource, ServerlessGpuApp } from 'cdk-serverless-gpu';
import { join } from 'node:path';

const REPOSITORY = 'octo-org/octo-repo';

export const app = new App();

// Deployed once, by hand: who may deploy the rest.
const access = new Stack(app, 'GitHubAccess');
const github = new iam.OidcProviderNative(access, 'GitHub', {
  url: 'https://token.actions.githubusercontent.com',
  clientIds: ['sts.amazonaws.com'],
});
const deployer = new iam.Role(access, 'Deployer', {
  assumedBy: new iam.WebIdentityPrincipal(github.oidcProviderArn, {
    StringEquals: {
      'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
      'token.actions.githubusercontent.com:sub': `repo:${REPOSITORY}:ref:refs/heads/main`,
    },
  }),
  maxSessionDuration: Duration.hours(1),
});
// The CDK does the rest as the roles that `cdk bootstrap` made.
for (const role of ['deploy', 'file-publishing', 'image-publishing', 'lookup']) {
  iam.Role.fromRoleName(access, `Bootstrap-${role}`, bootstrapRole(role)).grantAssumeRole(deployer);
}
new CfnOutput(access, 'DeployerArn', { value: deployer.roleArn });

const ocr = new Stack(app, 'Ocr');
new ServerlessGpuApp(ocr, 'Ocr', {
  source: AppSource.falApp(join(__dirname, '..', 'ocr', 'app.py')),
  // The workflow is red when no runner of the new revision becomes ready.
  verifyOnDeploy: true,
});

function bootstrapRole(role: string): string {
  return `cdk-hnb659fds-${role}-role-${access.account}-${access.region}`;
}
