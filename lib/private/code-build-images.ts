import { Duration, IgnoreMode, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { CfnProject } from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct, type IDependable } from 'constructs';
import { createHash } from 'node:crypto';
import { BUILD_LOG_STREAM, type ResourceNames } from '../../runtime/aws-layout';
import type { CodeBuildOptions } from '../image-build';
import { acknowledge, acknowledgeValidation, acknowledgeWildcard } from './acknowledgements';
import { buildSpec, type BuildStep } from './build-spec';
import { dockerignoreOf, type ImageContext } from './image-context';
import { BuiltImages } from './lifecycle';
import { PlatformArns } from './platform-arns';
import { allow } from './policy-statements';
import { refuse } from './refusal';

export interface CodeBuildSurroundings {
  readonly names: ResourceNames;
  /** The last part of the app's id. */
  readonly alias: string;
  readonly logGroup: ILogGroup;
  /** What has to be there before a custom resource is answered. */
  readonly lifecycle: readonly IDependable[];
}

export interface CodeBuildImagesProps extends CodeBuildSurroundings {
  readonly options: CodeBuildOptions;
  readonly agent: ImageContext;
  readonly app: ImageContext | undefined;
}

/** Of each image, for an app to fall back to. */
const KEPT_IMAGES = 10;

/** With the time in the queue and for the answer, an hour: CloudFormation's limit. */
const LONGEST_BUILD = Duration.minutes(45);
const LONGEST_QUEUE = Duration.minutes(10);

/** Images that CodeBuild builds while the stack is deployed. One is built again when what it is made from has changed. */
export class CodeBuildImages extends Construct {
  public readonly images: { readonly agent: ecs.ContainerImage; readonly app?: ecs.ContainerImage };

  private readonly repository: ecr.Repository;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: CodeBuildImagesProps,
  ) {
    super(scope, id);
    this.repository = new ecr.Repository(this, 'Repository', {
      removalPolicy: RemovalPolicy.DESTROY,
      emptyOnDelete: true,
      imageTagMutability: ecr.TagMutability.IMMUTABLE,
      imageScanOnPush: true,
      lifecycleRules: ['agent-', 'app-'].map((prefix) => ({ tagPrefixList: [prefix], maxImageCount: KEPT_IMAGES })),
    });
    const agent = this.step('agent', props.agent);
    const app = props.app === undefined ? undefined : this.step('app', props.app);
    const steps = [agent, ...(app === undefined ? [] : [app])];
    const project = this.project(steps);
    const built = new BuiltImages(this, 'Built', new PlatformArns(this, props.names).lifecycleFunction, {
      kind: 'images',
      project: props.names.imageProject(props.alias),
      tags: steps.map(({ tag }) => tag),
    });
    built.node.addDependency(project, this.repository, ...props.lifecycle);
    this.images = {
      agent: new BuiltImage(this.repository, agent.tag, built),
      ...(app === undefined ? {} : { app: new BuiltImage(this.repository, app.tag, built) }),
    };
  }

  private step(name: 'agent' | 'app', context: ImageContext): BuildStep & { readonly asset: Asset } {
    const { directory, file = 'Dockerfile', target, buildArgs = {}, secrets = [] } = context;
    if (Token.isUnresolved(JSON.stringify([file, target, buildArgs]))) {
      refuse(this, '`source`: Dockerfile, stage and build arguments must be known at synthesis');
    }
    const asset = new Asset(this, `${name}-context`, {
      path: directory,
      exclude: ['cdk.out', ...dockerignoreOf(context)],
      ignoreMode: IgnoreMode.DOCKER,
    });
    const made = { file, ...(target === undefined ? {} : { target }), buildArgs, secrets };
    const hash = createHash('sha256')
      .update(`${asset.assetHash}${JSON.stringify(made)}`)
      .digest('hex')
      .slice(0, 32);
    return { name, tag: `${name}-${hash}`, ...made, asset };
  }

  private project(steps: readonly (BuildStep & { readonly asset: Asset })[]): CfnProject {
    const { names, alias, logGroup, options } = this.props;
    const [agent, ...others] = steps.map(({ name, asset }) => ({
      type: 'S3',
      location: `${asset.s3BucketName}/${asset.s3ObjectKey}`,
      sourceIdentifier: name,
    }));
    const secrets = this.secrets(steps);
    const role = this.role(steps, secrets);
    const project = new CfnProject(this, 'Project', {
      name: names.imageProject(alias),
      description: `Builds the images of ${names.platform}/${alias} while its stack is deployed`,
      serviceRole: role.roleArn,
      artifacts: { type: 'NO_ARTIFACTS' },
      source: { type: 'S3', location: agent?.location ?? '', buildSpec: JSON.stringify(buildSpec(steps)) },
      secondarySources: others,
      environment: {
        type: 'LINUX_CONTAINER',
        image: 'aws/codebuild/standard:7.0',
        computeType: options.computeType ?? 'BUILD_GENERAL1_MEDIUM',
        privilegedMode: true,
        environmentVariables: [
          { name: 'REPOSITORY', value: this.repository.repositoryUri },
          ...Object.entries(secrets).map(([name, secret]) => ({
            name,
            type: 'SECRETS_MANAGER',
            value: secret.secretFullArn ?? secret.secretName,
          })),
        ],
      },
      logsConfig: {
        cloudWatchLogs: { status: 'ENABLED', groupName: logGroup.logGroupName, streamName: BUILD_LOG_STREAM },
      },
      timeoutInMinutes: this.timeout().toMinutes(),
      queuedTimeoutInMinutes: LONGEST_QUEUE.toMinutes(),
    });
    acknowledge(project, 'CB3', 'Docker builds images with privileges alone; the build runs on a machine of its own.');
    acknowledge(project, 'CB4', 'The build has no artifacts to encrypt: its images go to ECR, which encrypts them.');
    acknowledgeValidation(
      project,
      'E3050',
      'The role is given by its ARN, `Fn::GetAtt`; the rule, which is about `Ref`, takes the one for the other.',
    );
    project.node.addDependency(role);
    return project;
  }

  private timeout(): Duration {
    const { timeout = LONGEST_BUILD } = this.props.options;
    if (timeout.toMinutes({ integral: false }) >= 5 && timeout.toMinutes() <= LONGEST_BUILD.toMinutes()) return timeout;
    return refuse(this, '`imageBuild`: `timeout` must be 5 to 45 minutes: CloudFormation waits for an hour at most');
  }

  private secrets(steps: readonly BuildStep[]): Readonly<Record<string, secretsmanager.ISecret>> {
    const { names, options } = this.props;
    const needed = [...new Set(steps.flatMap(({ secrets }) => secrets))];
    return Object.fromEntries(
      needed.map((name) => [
        name,
        options.secrets?.[name] ?? secretsmanager.Secret.fromSecretNameV2(this, `Secret-${name}`, names.secret(name)),
      ]),
    );
  }

  private role(
    steps: readonly { readonly asset: Asset }[],
    secrets: Readonly<Record<string, secretsmanager.ISecret>>,
  ): iam.Role {
    const { names, logGroup } = this.props;
    const { partition, account } = Stack.of(this);
    const objects = steps.map(({ asset }) => `arn:${partition}:s3:::${asset.s3BucketName}/${asset.s3ObjectKey}`);
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
      path: names.rolePath,
      inlinePolicies: {
        build: new iam.PolicyDocument({
          statements: [
            allow(['s3:GetObject', 's3:GetObjectVersion'], objects),
            allow(['ecr:GetAuthorizationToken'], ['*']),
            allow(PUSH_AND_PULL, [this.repository.repositoryArn]),
            allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]),
          ],
        }),
      },
    });
    acknowledgeWildcard(role, '*', 'ecr:GetAuthorizationToken takes no resource.');
    for (const secret of Object.values(secrets)) secret.grantRead(role);
    return role;
  }
}

const PUSH_AND_PULL = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'ecr:CompleteLayerUpload',
  'ecr:GetDownloadUrlForLayer',
  'ecr:InitiateLayerUpload',
  'ecr:PutImage',
  'ecr:UploadLayerPart',
];

/** No task is defined with it before it is there. */
class BuiltImage extends ecs.ContainerImage {
  constructor(
    private readonly repository: ecr.IRepository,
    private readonly tag: string,
    private readonly built: IDependable,
  ) {
    super();
  }

  public bind(scope: Construct, container: ecs.ContainerDefinition): ecs.ContainerImageConfig {
    container.taskDefinition.node.addDependency(this.built);
    return ecs.ContainerImage.fromEcrRepository(this.repository, this.tag).bind(scope, container);
  }
}
