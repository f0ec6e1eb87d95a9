import type { Duration } from 'aws-cdk-lib';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ImageBuildDeclaration } from './private/image-build-declaration';

/** A build with Docker. */
export interface DockerBuildOptions {
  /**
   * Where Docker takes the secrets of the build from, by their names: `env=NAME` for a variable of the shell that deploys,
   * `src=path` for a file.
   *
   * @default - each from the variable of its name
   */
  readonly secrets?: { [name: string]: string };
}

/** A build with CodeBuild. */
export interface CodeBuildOptions {
  /**
   * The secrets of the build, by their names.
   *
   * @default - from Secrets Manager under `sgpu/<platform>/<name>`
   */
  readonly secrets?: { [name: string]: ISecret };

  /**
   * How long a build may take: 5 to 45 minutes. CloudFormation waits for an hour at most.
   *
   * @default Duration.minutes(45)
   */
  readonly timeout?: Duration;

  /**
   * How large the machine is on which it runs: CodeBuild's name of a compute type with 128 GB of disk or more.
   *
   * @default 'BUILD_GENERAL1_MEDIUM'
   */
  readonly computeType?: string;
}

/** Where the images of an app are built, its own and that of the agent beside it. */
export class ImageBuild {
  /** By Docker, or what stands in for it, on the machine that deploys. */
  public static docker(options: DockerBuildOptions = {}): ImageBuild {
    return new ImageBuild({ kind: 'docker', ...options });
  }

  /**
   * By CodeBuild, while the stack is deployed: neither synthesis nor deployment needs Docker. The images go to a repository
   * of the app's own, which keeps the last ten of each. A build is billed by the minute.
   *
   * Not yet verified on AWS.
   */
  public static codeBuild(options: CodeBuildOptions = {}): ImageBuild {
    return new ImageBuild({ kind: 'code-build', ...options });
  }

  private constructor(
    /** @internal */
    public readonly _declaration: ImageBuildDeclaration,
  ) {}
}
