import type { CodeBuildOptions, DockerBuildOptions } from '../image-build';

/** Where images are built, as `ImageBuild` was told. */
export type ImageBuildDeclaration =
  ({ readonly kind: 'docker' } & DockerBuildOptions) | ({ readonly kind: 'code-build' } & CodeBuildOptions);
