import type { AppSpec, SpecProblem } from './app-spec';
import { gpuCounts, isGpuMachine, isMachineType, unknownMachineType } from './machine-catalog';

/** What is wrong with a spec whose fields are each valid by themselves. */
export function crossFieldProblems(spec: AppSpec): readonly SpecProblem[] {
  return [machineTypes, gpus, concurrency, variables, mounts].flatMap((rule) => rule(spec));
}

function machineTypes({ machine_type: names }: AppSpec): readonly SpecProblem[] {
  return names
    .filter((name) => !isMachineType(name))
    .map((name) => ({ field: 'machine_type', message: unknownMachineType(name) }));
}

function gpus({ machine_type: names, num_gpus: wanted }: AppSpec): readonly SpecProblem[] {
  if (wanted === undefined) return [];
  return names.filter(isMachineType).flatMap((name) => {
    const counts = gpuCounts(name);
    const most = Math.max(...counts, 0);
    if (!isGpuMachine(name)) {
      const message = `num_gpus is ${wanted}, but machine_type '${name}' has no GPU: remove num_gpus, or name a GPU machine`;
      return [{ field: 'num_gpus', message }];
    }
    if (wanted <= most) return [];
    return [{ field: 'num_gpus', message: `num_gpus is ${wanted}, but a machine of '${name}' has at most ${most}` }];
  });
}

function concurrency({ min_concurrency: min, max_concurrency: max }: AppSpec): readonly SpecProblem[] {
  if (min <= max) return [];
  const message = `min_concurrency ${min} is above max_concurrency ${max}: lower it to ${max}, or raise max_concurrency`;
  return [{ field: 'min_concurrency', message }];
}

function variables({ env, secrets = [] }: AppSpec): readonly SpecProblem[] {
  return secrets
    .filter((name) => Object.hasOwn(env, name))
    .map((name) => ({ field: 'env', message: `${name} is in env and in secrets: keep it in one of them` }));
}

/** Directories that the kernel fills. A volume there would hide what every program needs. */
const KERNEL_DIRECTORIES = ['/proc', '/sys', '/dev'];

function mounts({ volumes }: AppSpec): readonly SpecProblem[] {
  return Object.keys(volumes)
    .filter((path) => KERNEL_DIRECTORIES.some((directory) => path === directory || path.startsWith(`${directory}/`)))
    .map((path) => ({
      field: 'volumes',
      message: `volumes: ${path} belongs to the operating system; mount the volume elsewhere, such as /data`,
    }));
}
