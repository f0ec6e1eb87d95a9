/** Copies of files and folders, with what the system says against it in words. */
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../../runtime/domain/user-error';

export async function copy(from: string, to: string, named: string): Promise<void> {
  await told(named, async () => {
    await mkdir(dirname(to), { recursive: true });
    await cp(from, to, { recursive: true });
  });
}

export async function move(from: string, to: string, named: string): Promise<void> {
  await told(named, async () => {
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
  });
}

export async function remove(path: string, named: string): Promise<void> {
  await told(named, () => rm(path, { recursive: true }));
}

async function told(named: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UserError(`There is nothing at ${named}`);
    if (code === 'ENOSPC') throw new UserError('The disk is full: free some space');
    throw new UserError(`${named}: ${code === '' ? message : code}`);
  }
}
