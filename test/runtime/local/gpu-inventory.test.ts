import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GpuInventory, gpusNeeded, type Gpu } from '../../../runtime/local/gpu-inventory';
import { temporaryFolder } from './state-folder';

const GPUS: readonly Gpu[] = [0, 1, 2].map((n) => ({ uuid: `GPU-${n}`, name: 'NVIDIA L4', memoryMib: 23_034 }));
const never = new AbortController().signal;

function inventory(count: number): GpuInventory {
  return new GpuInventory(GPUS.slice(0, count));
}

function lease(gpus: GpuInventory, runner: string, count: number, signal = never): Promise<readonly string[]> {
  return gpus.lease(runner, count, () => undefined, signal).then((leased) => leased.map(({ uuid }) => uuid));
}

/** True when the promise is still open after everything that could settle it now has run. */
async function waits(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open');
  return (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, open))])) === open;
}

describe('leasing', () => {
  test('no GPU is leased twice', async () => {
    const gpus = inventory(3);
    const leased = [await lease(gpus, 'a', 1), await lease(gpus, 'b', 2)].flat();
    expect(leased.sort()).toEqual(['GPU-0', 'GPU-1', 'GPU-2']);
  });

  test('a runner that finds none free says so and gets one when it is given back', async () => {
    const gpus = inventory(1);
    await lease(gpus, 'a', 1);
    const said: string[] = [];
    const waiting = gpus.lease('b', 1, (what) => said.push(what), never);
    expect(await waits(waiting)).toBe(true);
    expect(said).toEqual(['a free GPU: 0 of 1 free']);
    gpus.release('a');
    expect(await waiting).toEqual([GPUS[0]]);
  });

  test('runners are served in the order they ask, however many GPUs they need', async () => {
    const gpus = inventory(2);
    await lease(gpus, 'a', 1);
    const two = lease(gpus, 'b', 2);
    const one = lease(gpus, 'c', 1);
    expect(await waits(one)).toBe(true);
    gpus.release('a');
    expect(await two).toEqual(['GPU-0', 'GPU-1']);
    expect(await waits(one)).toBe(true);
    gpus.release('b');
    expect(await one).toEqual(['GPU-0']);
  });

  test('a runner that is stopped while it waits lets the next one pass', async () => {
    const gpus = inventory(2);
    await lease(gpus, 'a', 1);
    const stopping = new AbortController();
    const stopped = lease(gpus, 'b', 2, stopping.signal);
    const next = lease(gpus, 'c', 1);
    stopping.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
    expect(await next).toEqual(['GPU-1']);
  });

  test('more than the machine has is refused', async () => {
    await expect(lease(inventory(2), 'a', 4)).rejects.toThrow('It asks for 4 GPUs, this machine has 2');
  });

  test('giving back nothing changes nothing', async () => {
    const gpus = inventory(1);
    await lease(gpus, 'a', 1);
    gpus.release('b');
    expect(await waits(lease(gpus, 'c', 1))).toBe(true);
  });
});

describe('detection', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  /** A program that answers as NVIDIA's would. */
  async function driver(script: string): Promise<string> {
    const program = join(folder.path, 'nvidia-smi');
    await writeFile(program, `#!/bin/sh\n${script}\n`);
    await chmod(program, 0o755);
    return program;
  }

  test('the driver names the GPUs of the machine', async () => {
    const program = await driver(`
      echo "GPU-5f0c0000-0000-0000-0000-000000000001, NVIDIA H200, 143771"
      echo "GPU-5f0c0000-0000-0000-0000-000000000002, NVIDIA H200, 143771"`);
    expect((await GpuInventory.detect(program)).gpus).toEqual([
      { uuid: 'GPU-5f0c0000-0000-0000-0000-000000000001', name: 'NVIDIA H200', memoryMib: 143_771 },
      { uuid: 'GPU-5f0c0000-0000-0000-0000-000000000002', name: 'NVIDIA H200', memoryMib: 143_771 },
    ]);
  });

  test('a machine whose driver has no device has no GPU', async () => {
    const program = await driver('echo "No devices were found"; exit 6');
    expect((await GpuInventory.detect(program)).gpus).toEqual([]);
  });

  test('a machine without the driver has no GPU', async () => {
    expect((await GpuInventory.detect(join(folder.path, 'nvidia-smi'))).gpus).toEqual([]);
  });
});

test.each([
  [{ machine_type: ['S'] }, 0],
  [{ machine_type: ['GPU-L4'] }, 1],
  [{ machine_type: ['GPU-L40S', 'GPU-A100'], num_gpus: 2 }, 2],
  [{ machine_type: ['L'], num_gpus: 1 }, 1],
])('an app with %j needs %d GPUs', (spec, count) => {
  expect(gpusNeeded(spec)).toBe(count);
});
