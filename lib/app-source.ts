import type { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { SourceDeclaration } from './private/source-declaration';

/** The HTTP server inside a container. */
export interface ContainerOptions {
  /** The port that the server listens on, on all interfaces of the container. */
  readonly port: number;
}

/** How an image is built from a Dockerfile. */
export interface DockerfileOptions extends ContainerOptions {
  /**
   * The Dockerfile, relative to the directory.
   *
   * @default 'Dockerfile'
   */
  readonly file?: string;

  /**
   * The stage to build.
   *
   * @default - the last one
   */
  readonly target?: string;

  /**
   * Build arguments. They are in the template and in the image: no secrets.
   *
   * @default - none
   */
  readonly buildArgs?: { [name: string]: string };

  /**
   * Names of the secrets that the build mounts: `RUN --mount=type=secret,id=…`. `ImageBuild` says where they come from.
   *
   * @default - none
   */
  readonly secrets?: string[];
}

/**
 * Where the code of an app comes from.
 *
 * @example
 * AppSource.falApp('ocr/app.py');
 */
export class AppSource {
  /**
   * A class derived from `fal.App`, or a function decorated with `@fal.function`.
   *
   * The file is read, not run: machine type, requirements, scaling, volumes and all other attributes are taken from
   * its text. One that isn't written out as a literal is an error that names its line and the prop to set instead.
   *
   * @param file path of the Python file, absolute or relative to the working directory
   * @param className the class or function; needed only where the file has several
   */
  public static falApp(file: string, className?: string): AppSource {
    return new AppSource({ kind: 'fal', file, ...(className === undefined ? {} : { className }) });
  }

  /**
   * A directory with a Dockerfile whose container serves HTTP.
   *
   * @param directory path of the build context
   */
  public static dockerfile(directory: string, options: DockerfileOptions): AppSource {
    return new AppSource({ kind: 'dockerfile', directory, ...options });
  }

  /**
   * An image that exists, such as one of a model server.
   *
   * @param image from ECR, or from another registry, with a login in Secrets Manager where it asks for one:
   * `ContainerImage.fromRegistry('registry.example.com/model', { credentials: secret })`
   */
  public static image(image: ContainerImage, options: ContainerOptions): AppSource {
    return new AppSource({ kind: 'image', image, port: options.port });
  }

  private constructor(
    /** @internal */
    public readonly _declaration: SourceDeclaration,
  ) {}
}
