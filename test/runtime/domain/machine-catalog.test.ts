import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  gpuCounts,
  instancesFor,
  isGpuMachine,
  isMachineType,
  MACHINES,
  PRICES_AS_OF,
  unknownMachineType,
} from '../../../runtime/domain/machine-catalog';

const ROOT = join(__dirname, '../../..');
const names = (machine: string, numGpus?: number): readonly string[] =>
  instancesFor(machine, numGpus).map((instance) => instance.name);

test('the data are those of the csv', () => {
  const script = join(ROOT, 'scripts/generate-machine-catalog.mjs');
  const generated = execFileSync(process.execPath, [script, '--print'], { encoding: 'utf8', cwd: ROOT });
  expect(readFileSync(join(ROOT, 'runtime/domain/machine-catalog.data.ts'), 'utf8')).toBe(generated);
});

test('the date of the prices is the one that the csv gives', () => {
  const csv = readFileSync(join(ROOT, 'data/gpu-instances.csv'), 'utf8');
  expect(csv).toContain(`us-east-1 price in Karpenter data ${PRICES_AS_OF}`);
});

test('every machine type runs on some instance', () => {
  for (const { name } of MACHINES) expect({ name, offered: names(name).length > 0 }).toEqual({ name, offered: true });
});

test('the cheapest instance comes first, one without a price last', () => {
  expect(names('GPU-A10G')[0]).toBe('g5.xlarge');
  expect(names('GPU-L4')[0]).toBe('g6.xlarge');
  expect(names('GPU')[0]).toBe('g4dn.xlarge');
  expect(names('GPU-H200')).toEqual(['p5en.48xlarge', 'p5e.48xlarge']);
});

test('a runner of several GPUs needs an instance with as many', () => {
  expect(names('GPU-A10G', 2)).toEqual(['g5.12xlarge', 'g5.24xlarge', 'g5.48xlarge']);
  expect(names('GPU-T4', 8)).toEqual(['g4dn.metal']);
  expect(names('GPU-T4', 9)).toEqual([]);
});

test('one A100 is a share of an instance with eight', () => {
  expect(gpuCounts('GPU-A100')).toEqual([8]);
  expect(names('GPU-A100', 1)).toEqual(['p4d.24xlarge', 'p4de.24xlarge']);
  expect(names('GPU-A100-80GB', 1)).toEqual(['p4de.24xlarge']);
});

test('GPU counts rise', () => {
  expect(gpuCounts('GPU-T4')).toEqual([1, 4, 8]);
  expect(gpuCounts('GPU-H100')).toEqual([1, 8]);
  expect(gpuCounts('CPU')).toEqual([]);
  expect(gpuCounts('GPU-T5')).toEqual([]);
});

test('a CPU machine is an x86-64 instance with enough CPUs and memory and no GPU', () => {
  for (const name of ['XS', 'S', 'M', 'L', 'XL', 'CPU']) {
    for (const instance of instancesFor(name)) {
      expect(instance).toMatchObject({ gpus: 0, architecture: 'x86_64' });
    }
  }
  expect(names('XS')[0]).toBe('c7a.large');
  expect(names('XL')[0]).toBe('m7a.2xlarge');
});

test('an unknown name is no machine, has no instances, and the nearest is suggested', () => {
  expect(isMachineType('GPU-V100')).toBe(false);
  expect(isGpuMachine('GPU-V100')).toBe(false);
  expect(instancesFor('GPU-V100')).toEqual([]);
  expect(unknownMachineType('gpu-h10')).toContain("did you mean 'GPU-H100'?");
  expect(unknownMachineType('H100')).toContain("did you mean 'GPU-H100'?");
});
