import type { IAccessPoint } from 'aws-cdk-lib/aws-efs';
import type { S3FilesVolumeOptions } from '../volume';

export type VolumeDeclaration =
  | { readonly kind: 'efs'; readonly name: string }
  | { readonly kind: 'access-point'; readonly accessPoint: IAccessPoint }
  | ({ readonly kind: 's3-files' } & S3FilesVolumeOptions);
