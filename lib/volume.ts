import type { IAccessPoint } from 'aws-cdk-lib/aws-efs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { VolumeDeclaration } from './private/volume-declaration';

/** A file system of S3 Files that exists. */
export interface S3FilesVolumeOptions {
  /** ARN of the file system. */
  readonly fileSystemArn: string;

  /** ARN of the access point that apps come in by. It sets their user and their folder. */
  readonly accessPointArn: string;

  /**
   * The bucket of the file system. With it large files are read from S3 itself, which is faster and cheaper.
   *
   * @default - all reads go through the file system
   */
  readonly bucket?: IBucket;
}

/** A folder that persists, and that all runners of an app share. */
export class Volume {
  /**
   * A folder of the platform's file system. Apps that name the same volume share it.
   *
   * @param name 1 to 63 letters, digits, `.`, `_` and `-`
   */
  public static efs(name: string): Volume {
    return new Volume({ kind: 'efs', name });
  }

  /**
   * An access point of a file system that exists. The security group of the file system must let the machines in:
   * `fileSystem.connections.allowDefaultPortFrom(platform)`.
   */
  public static fromAccessPoint(accessPoint: IAccessPoint): Volume {
    return new Volume({ kind: 'access-point', accessPoint });
  }

  /**
   * A bucket as a folder, by S3 Files. The file system needs a mount target in the platform's subnets whose security group
   * lets the machines in on port 2049.
   *
   * On machines of EC2 it takes an ECS agent of version 1.104 or newer. Not yet verified on AWS.
   */
  public static s3Files(options: S3FilesVolumeOptions): Volume {
    return new Volume({ kind: 's3-files', ...options });
  }

  private constructor(
    /** @internal */
    public readonly _declaration: VolumeDeclaration,
  ) {}
}
