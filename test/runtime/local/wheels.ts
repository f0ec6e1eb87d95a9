/** Makes wheels of one module, so that installing needs no network. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = `
import sys, zipfile
folder, name, version, source = sys.argv[1:]
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    info = f"{name}-{version}.dist-info"
    wheel.writestr(f"{name}.py", source)
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", "")
`;

/** The path of a new wheel in `folder`. */
export function makeWheel(folder: string, name: string, source: string, version = '1.0'): string {
  const { status, stderr } = spawnSync('python3', ['-c', PROGRAM, folder, name, version, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`could not make a wheel: ${stderr}`);
  return join(folder, `${name}-${version}-py3-none-any.whl`);
}
