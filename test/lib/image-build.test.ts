/** Where images are built, and what a build may do. */
import { Duration, Stage, type Stack } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppSource, ImageBuild, ServerlessGpuApp, type ServerlessGpuAppProps } from '../../lib';
import { newStack, OCR, templateOf } from './synthesis';

const inCodeBuild = (props: Partial<ServerlessGpuAppProps> = {}): Template =>
  templateOf({ imageBuild: ImageBuild.codeBuild(), ...props });

/** A folder with a Dockerfile. */
function context(dockerfile = 'FROM scratch\n'): string {
  const directory = mkdtempSync(join(tmpdir(), 'sgpu-'));
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
  return directory;
}

/** What a build of the template runs. */
function commands(template: Template): string {
  const [project] = Object.values(template.findResources('AWS::CodeBuild::Project'));
  const { Source } = (project as { Properties: { Source: { BuildSpec: string } } }).Properties;
  return (JSON.parse(Source.BuildSpec) as { phases: { build: { commands: string[] } } }).phases.build.commands.join(
    '\n',
  );
}

const tags = (template: Template): readonly string[] =>
  (Object.values(template.findResources('Custom::ServerlessGpuImages'))[0] as { Properties: { tags: string[] } })
    .Properties.tags;

test('a deployment with CodeBuild has no image for Docker to build', () => {
  const stack = newStack();
  new ServerlessGpuApp(stack, 'Ocr', { source: OCR, imageBuild: ImageBuild.codeBuild() });
  const { dockerImages, files } = assetsOf(stack);
  expect(Object.keys(dockerImages)).toEqual([]);
  expect(Object.keys(files).length).toBeGreaterThan(0);
});

test('the machine of a build may use Docker, and is one that the images run on', () => {
  inCodeBuild().hasResourceProperties('AWS::CodeBuild::Project', {
    Environment: { PrivilegedMode: true, Type: 'LINUX_CONTAINER' },
  });
  expect(commands(inCodeBuild())).toContain('--platform linux/amd64');
});

test('no task is defined before its images are built', () => {
  const template = inCodeBuild();
  const [built] = Object.keys(template.findResources('Custom::ServerlessGpuImages'));
  template.hasResource('AWS::ECS::TaskDefinition', { DependsOn: Match.arrayWith([built]) });
});

test('other files, another stage or other arguments make another image, and the same ones the same', () => {
  const of = (directory: string, options: object = {}): string | undefined =>
    tags(inCodeBuild({ source: AppSource.dockerfile(directory, { port: 80, ...options }) })).at(-1);
  const directory = context();
  expect(of(directory)).toBe(of(directory));
  const others = [
    of(context('FROM busybox\n')),
    of(directory, { target: 'x' }),
    of(directory, { buildArgs: { A: '1' } }),
  ];
  expect(new Set([of(directory), ...others]).size).toBe(4);
});

test('what the source says reaches the shell of the build as text', () => {
  const buildArgs = { NAME: `it's $(date) "x"` };
  const template = inCodeBuild({ source: AppSource.dockerfile(context(), { port: 80, buildArgs }) });
  expect(commands(template)).toContain(`--build-arg 'NAME=it'\\''s $(date) "x"'`);
});

test('old images expire, and all go with the app', () => {
  const template = inCodeBuild();
  const [repository] = Object.values(template.findResources('AWS::ECR::Repository'));
  expect(repository).toMatchObject({ DeletionPolicy: 'Delete', Properties: { EmptyOnDelete: true } });
  expect(JSON.stringify(repository)).toContain(String.raw`\"countType\":\"imageCountMoreThan\",\"countNumber\":10`);
});

test('a build may read its own files and push to its own repository', () => {
  const template = inCodeBuild();
  const role = Object.values(template.findResources('AWS::IAM::Role')).find((one) =>
    JSON.stringify(one).includes('codebuild.amazonaws.com'),
  ) as {
    Properties: { Policies: { PolicyDocument: { Statement: { Action: string[] | string; Resource: unknown }[] } }[] };
  };
  const [policy] = role.Properties.Policies;
  const wide = policy!.PolicyDocument.Statement.filter(({ Resource }) => JSON.stringify(Resource).includes('*'));
  expect(wide).toEqual([{ Action: 'ecr:GetAuthorizationToken', Effect: 'Allow', Resource: '*' }]);
});

describe('secrets of a build', () => {
  const source = AppSource.dockerfile(context(), { port: 80, secrets: ['HF_TOKEN'] });

  test('come from Secrets Manager with CodeBuild', () => {
    const template = inCodeBuild({ source });
    template.hasResourceProperties('AWS::CodeBuild::Project', {
      Environment: {
        EnvironmentVariables: Match.arrayWith([
          { Name: 'HF_TOKEN', Type: 'SECRETS_MANAGER', Value: 'sgpu/gpu/HF_TOKEN' },
        ]),
      },
    });
    expect(commands(template)).toContain("--secret 'id=HF_TOKEN,env=HF_TOKEN'");
  });

  test('may be ones that exist', () => {
    const stack = newStack();
    const HF_TOKEN = Secret.fromSecretNameV2(stack, 'Token', 'my-token');
    const template = templateOf({ source, imageBuild: ImageBuild.codeBuild({ secrets: { HF_TOKEN } }) }, stack);
    expect(JSON.stringify(template.findResources('AWS::CodeBuild::Project'))).toContain('"Value":"my-token"');
  });

  test.each([
    [ImageBuild.docker(), 'env=HF_TOKEN'],
    [ImageBuild.docker({ secrets: { HF_TOKEN: 'src=token.txt' } }), 'src=token.txt'],
  ])('come from who deploys with Docker', (imageBuild, from) => {
    const stack = newStack();
    new ServerlessGpuApp(stack, 'App', { source, imageBuild });
    expect(JSON.stringify(assetsOf(stack).dockerImages)).toContain(`"dockerBuildSecrets":{"HF_TOKEN":"${from}"}`);
  });
});

/** What the stack tells the CDK's command line to build and to upload. */
function assetsOf(stack: Stack): { readonly dockerImages: object; readonly files: object } {
  const { directory } = Stage.of(stack)!.synth();
  return JSON.parse(readFileSync(join(directory, `${stack.artifactId}.assets.json`), 'utf8')) as ReturnType<
    typeof assetsOf
  >;
}

test('an image of a private registry is pulled with the login of a secret', () => {
  const stack = newStack();
  const credentials = Secret.fromSecretNameV2(stack, 'Login', 'registry-login');
  const image = ecs.ContainerImage.fromRegistry('registry.example.com/model', { credentials });
  const template = templateOf({ source: AppSource.image(image, { port: 80 }) }, stack);
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: Match.arrayWith([
      Match.objectLike({ Name: 'app', RepositoryCredentials: { CredentialsParameter: Match.anyValue() } }),
    ]),
  });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'] }),
      ]),
    },
  });
});

test('a build that CloudFormation would not wait for is refused', () => {
  expect(() => inCodeBuild({ imageBuild: ImageBuild.codeBuild({ timeout: Duration.hours(2) }) })).toThrow(
    /`imageBuild`: `timeout` must be 5 to 45 minutes/,
  );
});
