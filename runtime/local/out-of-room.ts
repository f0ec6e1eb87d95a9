import { errorCode } from './error-code';

/** How the system says that nothing more can be written: the disk is full, or the user or this process is at a limit. */
const OUT_OF_ROOM: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'SQLITE_FULL',
  // All that SQLite makes of a quota or a limit.
  'SQLITE_IOERR_WRITE',
]);

export function outOfRoom(error: unknown): boolean {
  return OUT_OF_ROOM.has(errorCode(error) ?? '');
}
