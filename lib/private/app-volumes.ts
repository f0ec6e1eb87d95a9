import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { CfnTaskDefinition, EfsVolumeConfiguration } from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { AppSpec } from '../../runtime/domain/app-spec';
import type { IServerlessGpuPlatform } from '../platform-interface';
import { Volume, type S3FilesVolumeOptions } from '../volume';
import { acknowledgeWildcard } from './acknowledgements';
import { allow } from './policy-statements';

/** A folder of a file system in the app's container. */
export interface AppVolume {
  readonly path: string;
  /** How ECS mounts it: one of the two. */
  readonly efs?: EfsVolumeConfiguration;
  readonly s3Files?: CfnTaskDefinition.S3FilesVolumeConfigurationProperty;
  /** What the app's role needs to use it. */
  readonly statements: readonly iam.PolicyStatement[];
  /** What it is called in the weight cache of a machine, where it has one. */
  readonly cacheName?: string;
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
  return [...volumes].map(([path, volume]) => ({ path, ...appVolume(scope, platform, volume) }));
}

function appVolume(
  scope: Construct,
  platform: IServerlessGpuPlatform,
  { _declaration: declaration }: Volume,
): Omit<AppVolume, 'path'> {
  switch (declaration.kind) {
    case 'efs':
      return efsVolume(folderOf(scope, platform, declaration.name));
    case 'access-point':
      return efsVolume(existing(declaration.accessPoint));
    case 's3-files':
      return s3FilesVolume(scope, declaration);
  }
}

interface AccessPoint {
  readonly fileSystemId: string;
  readonly fileSystemArn: string;
  readonly accessPointId: string;
  readonly accessPointArn: string;
}

function efsVolume({
  fileSystemId,
  fileSystemArn,
  accessPointId,
  accessPointArn,
}: AccessPoint): Omit<AppVolume, 'path'> {
  return {
    efs: {
      fileSystemId,
      transitEncryption: 'ENABLED',
      authorizationConfig: { accessPointId, iam: 'ENABLED' },
    },
    statements: [
      allow(['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'], [fileSystemArn], {
        StringEquals: { 'elasticfilesystem:AccessPointArn': accessPointArn },
      }),
    ],
    cacheName: `${fileSystemId}/${accessPointId}`,
  };
}

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

/** ECS always encrypts its traffic and asks for the task's role. */
function s3FilesVolume(
  scope: Construct,
  { fileSystemArn, accessPointArn, bucket }: S3FilesVolumeOptions,
): Omit<AppVolume, 'path'> {
  const throughAccessPoint = { StringEquals: { 's3files:AccessPointArn': accessPointArn } };
  return {
    s3Files: { fileSystemArn, accessPointArn },
    statements: [
      allow(['s3files:ClientMount', 's3files:ClientWrite'], [fileSystemArn], throughAccessPoint),
      ...(bucket === undefined
        ? []
        : [
            allow(['s3:ListBucket'], [bucket.bucketArn]),
            allow(['s3:GetObject', 's3:GetObjectVersion'], [allObjects(scope, bucket.arnForObjects('*'))]),
          ]),
    ],
  };
}

function allObjects(scope: Construct, arn: string): string {
  acknowledgeWildcard(scope, arn, 'All objects of the bucket that the app was given as a volume.');
  return arn;
}
