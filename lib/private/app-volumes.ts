import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as efs from 'aws-cdk-lib/aws-efs';
import type { Construct } from 'constructs';
import type { AppSpec } from '../../runtime/domain/app-spec';
import type { IServerlessGpuPlatform } from '../serverless-gpu-platform';
import { Volume } from '../volume';

/** A folder of a file system in the app's container. */
export interface AppVolume {
  readonly path: string;
  readonly fileSystemId: string;
  readonly fileSystemArn: string;
  readonly accessPointId: string;
  readonly accessPointArn: string;
}

/** The volumes of an app: those of its source, those of its props, and `/data`, which all apps of a platform share. */
export function appVolumes(
  scope: Construct,
  spec: AppSpec,
  platform: IServerlessGpuPlatform,
  given: Readonly<Record<string, Volume>>,
): readonly AppVolume[] {
  const declared = Object.entries(spec.volumes).map(([path, name]) => [path, Volume.efs(name)] as const);
  const volumes = new Map([['/data', Volume.efs('data')], ...declared, ...Object.entries(given)]);
  return [...volumes].map(([path, { _declaration: declaration }]) =>
    declaration.kind === 'efs'
      ? { path, ...folderOf(scope, platform, declaration.name) }
      : { path, ...existing(declaration.accessPoint) },
  );
}

type AccessPoint = Omit<AppVolume, 'path'>;

/** Access points of several apps to one volume lead to one folder. */
function folderOf(scope: Construct, { fileSystemId }: IServerlessGpuPlatform, name: string): AccessPoint {
  const id = `Volume-${name}`;
  const accessPoint =
    (scope.node.tryFindChild(id) as efs.CfnAccessPoint | undefined) ??
    new efs.CfnAccessPoint(scope, id, {
      fileSystemId,
      rootDirectory: {
        path: `/volumes/${name}`,
        creationInfo: { ownerUid: '1000', ownerGid: '1000', permissions: '0775' },
      },
      // Whoever the image runs as: all apps see one owner.
      posixUser: { uid: '1000', gid: '1000' },
    });
  return {
    fileSystemId,
    fileSystemArn: Stack.of(scope).formatArn({
      service: 'elasticfilesystem',
      resource: 'file-system',
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      resourceName: fileSystemId,
    }),
    accessPointId: accessPoint.ref,
    accessPointArn: accessPoint.attrArn,
  };
}

function existing(accessPoint: efs.IAccessPoint): AccessPoint {
  const { fileSystem } = accessPoint;
  return {
    fileSystemId: fileSystem.fileSystemId,
    fileSystemArn: fileSystem.fileSystemArn,
    accessPointId: accessPoint.accessPointId,
    accessPointArn: accessPoint.accessPointArn,
  };
}
