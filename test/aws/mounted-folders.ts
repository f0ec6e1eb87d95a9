/** What stands for the EFS mounts of a task: a folder for each access point, linked to where the container has its mount. */
import { join } from 'node:path';
import { CONTAINER } from '../../runtime/aws-layout';
import type { TaskToStart } from './task-definitions';

/** Mount path → folder, for the mounts within `root`: a process has the machine's other paths, `/data` too, as they are. */
export function mountedFolders(
  { containers, volumes }: Pick<TaskToStart, 'containers' | 'volumes'>,
  root: string,
): Readonly<Record<string, string>> {
  const mounts = containers.find(({ Name }) => Name === CONTAINER.app)?.MountPoints ?? [];
  const entries = mounts
    .filter(({ ContainerPath }) => ContainerPath.startsWith(`${root}/`))
    .map(({ ContainerPath, SourceVolume }) => {
      const efs = volumes.find(({ Name }) => Name === SourceVolume)?.EFSVolumeConfiguration;
      const accessPoint = efs?.AuthorizationConfig?.AccessPointId;
      if (accessPoint === undefined) throw new Error(`The volume ${SourceVolume} has no access point of EFS`);
      return [ContainerPath, join(root, accessPoint)] as const;
    });
  return Object.fromEntries(entries);
}
