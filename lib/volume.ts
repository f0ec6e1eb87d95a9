import type { IAccessPoint } from 'aws-cdk-lib/aws-efs';
import type { VolumeDeclaration } from './private/volume-declaration';

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

  private constructor(
    /** @internal */
    public readonly _declaration: VolumeDeclaration,
  ) {}
}
