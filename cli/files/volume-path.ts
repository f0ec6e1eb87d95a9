/**
 * Remote paths of `sgpu files`: `/VOLUME/path`, where the first part is the name of a volume. `/data` is the volume that
 * fal mounts there. On this machine volumes are folders below the state folder.
 */
import { realpathSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { UserError } from '../../runtime/domain/user-error';
import type { Target } from '../target';

export interface VolumePath {
  /** As it is shown: `/data/models`. */
  readonly remote: string;
  /** The file or folder behind it. */
  readonly file: string;
}

/** The folder of all volumes. A UserError says that those of AWS are reached from its VPC alone. */
export function volumesFolder(target: Target): string {
  if (target.kind === 'local') return join(target.state, 'volumes');
  throw new UserError(
    'Volumes on AWS are file systems in the VPC, which no command here reaches: let an app write to /data (a download in ' +
      'its setup() is kept for all runners), or copy into the file system with AWS DataSync. `sgpu files --local` works',
  );
}

/** Neither `..` nor a link leads out of the volumes. */
export function volumePath(target: Target, text: string): VolumePath {
  const folder = volumesFolder(target);
  const remote = posix.normalize(text.startsWith('/') ? text : `/data/${text}`).replace(/(.)\/$/, '$1');
  const file = join(folder, ...remote.split('/').filter((part) => part !== ''));
  if (!within(nearestReal(file), nearestReal(folder))) throw new UserError(`${text} leads out of the volumes`);
  return { remote, file };
}

function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

/** The real path of what exists of a path, and the rest as it is. */
function nearestReal(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = join(path, '..');
    return parent === path ? path : join(nearestReal(parent), path.slice(parent.length));
  }
}
