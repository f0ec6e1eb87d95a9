/** Paths with `/` between their parts, as text: nothing here knows a file system. */

/** `path` as seen from where `folder` is: `.` and `..` are worked off, and what leads above the start keeps its `..`. */
export function joinPaths(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/') || '.';
}

/** The folder of a file; `.` where the path names none. */
export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
}
