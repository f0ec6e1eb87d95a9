import type { IAccessPoint } from 'aws-cdk-lib/aws-efs';

export type VolumeDeclaration =
  | { readonly kind: 'efs'; readonly name: string }
  | { readonly kind: 'access-point'; readonly accessPoint: IAccessPoint };
