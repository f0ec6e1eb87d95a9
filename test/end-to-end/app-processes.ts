/** Looking at the processes of an app from outside. */
import { execFileSync } from 'node:child_process';
import { eventually } from '../contract/eventually';

/**
 * Ids of processes with `marker` on their command line, those that only wait to be collected left out: with the path of
 * an app's file the app and its guard, and with them whoever else was given that path.
 */
export function processesOf(marker: string): readonly number[] {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, stat = 'Z', args = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return !stat.startsWith('Z') && args.includes(marker) ? [Number(pid)] : [];
  });
}

export async function expectNoneLeft(marker: string): Promise<void> {
  await eventually(async () => {
    expect(processesOf(marker)).toEqual([]);
  });
}
