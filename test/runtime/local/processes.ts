/** Looking at processes of this machine from a test. */
import { execFileSync } from 'node:child_process';
import { eventually } from '../../contract/eventually';

/** False for a process that is gone, or that only waits to be collected. */
export function runs(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
}

export async function expectGone(pids: readonly number[]): Promise<void> {
  await eventually(async () => {
    expect(pids.filter(runs)).toEqual([]);
  });
}
