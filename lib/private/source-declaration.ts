import type { ContainerImage } from 'aws-cdk-lib/aws-ecs';

/** Where an app comes from, as `AppSource` was told. */
export type SourceDeclaration =
  | { readonly kind: 'fal'; readonly file: string; readonly className?: string }
  | {
      readonly kind: 'dockerfile';
      readonly directory: string;
      readonly port: number;
      readonly file?: string;
      readonly target?: string;
      readonly buildArgs?: Readonly<Record<string, string>>;
      readonly secrets?: readonly string[];
    }
  | { readonly kind: 'image'; readonly image: ContainerImage; readonly port: number };
