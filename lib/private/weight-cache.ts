import { Stack } from 'aws-cdk-lib';
import type { ContainerDefinition } from 'aws-cdk-lib/aws-ecs';
import { WEIGHT_CACHE } from '../../runtime/aws-layout';
import type { AppVolume } from './app-volumes';
import type { MachinePool } from './machine-pool';
import type { SourceDeclaration } from './source-declaration';

const VOLUME = 'weights';

/**
 * The volumes of which copies are kept on instance store, by their paths. Only images of fal apps have the code that
 * reads the copies. A machine without instance store that the app may fall back to gets an empty folder from Docker, which
 * that code doesn't use.
 */
export function cachedVolumes(
  { kind }: SourceDeclaration,
  pools: readonly MachinePool[],
  volumes: readonly AppVolume[],
): Readonly<Record<string, string>> {
  if (kind !== 'fal' || !pools.some((pool) => pool.hasInstanceStore)) return {};
  return Object.fromEntries(
    volumes.flatMap((volume) => (volume.cacheName === undefined ? [] : [[volume.path, volume.cacheName]])),
  );
}

/** Lets the app's container read and write the copies on its machine. */
export function mountWeightCache(app: ContainerDefinition, volumes: Readonly<Record<string, string>>): void {
  if (Object.keys(volumes).length === 0) return;
  app.taskDefinition.addVolume({ name: VOLUME, host: { sourcePath: WEIGHT_CACHE.machineFolder } });
  app.addMountPoints({ sourceVolume: VOLUME, containerPath: WEIGHT_CACHE.containerFolder, readOnly: false });
  app.addEnvironment(WEIGHT_CACHE.folderVariable, WEIGHT_CACHE.containerFolder);
  app.addEnvironment(WEIGHT_CACHE.volumesVariable, Stack.of(app).toJsonString(volumes));
}
