/** `data_mounts`: the one volume that all apps of a platform share, which is `fal.Volume("data")` here. */
import { UserError } from '../domain/user-error';
import type { Settings } from './fal-settings';
import type { PythonModule } from './python-module';

/** Where fal has it. */
const DATA = '/data';

/** The name of the volume behind it. */
const DATA_VOLUME = 'data';

/**
 * The settings with `data_mounts` as a volume. fal can mount a folder of `/data` alone; here the app gets all of it, which
 * has the folder at the same path. Throws a `UserError` for a path elsewhere.
 */
export function dataVolume(module: PythonModule, settings: Settings): Settings {
  const mounts = settings.get('data_mounts');
  if (mounts === undefined) return settings;
  const { value, node } = mounts;
  if (!Array.isArray(value) || !value.every((path) => typeof path === 'string' && isData(path))) {
    const given = JSON.stringify(value);
    throw new UserError(
      `${module.source.place(node)}: data_mounts is ${given}: it must be a list of ${DATA} and folders below it; ` +
        'volumes = {"/path": fal.Volume("name")} mounts another volume',
    );
  }
  if (value.length === 0) return settings;
  const declared = settings.get('volumes');
  const volumes = { [DATA]: DATA_VOLUME, ...(declared?.value as object | undefined) };
  return new Map([...settings, ['volumes', { value: volumes, node: declared?.node ?? node }]]);
}

function isData(path: string): boolean {
  return path === DATA || (path.startsWith(`${DATA}/`) && !path.split('/').includes('..'));
}
