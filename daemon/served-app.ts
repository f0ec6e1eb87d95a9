/** What one machine serves: a fal app from its file, or an HTTP server by its command. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { AppRecord } from '../runtime/domain/app';
import { parseAppSpec, type AppSpec } from '../runtime/domain/app-spec';
import { UserError } from '../runtime/domain/user-error';
import { requireNeeds } from '../runtime/source/fal-surroundings';
import { readFalSource, specFromSource } from '../runtime/source/fal-source';

/** How the processes of an app are started. */
export type AppSource =
  | {
      readonly kind: 'fal';
      /** Absolute path of the Python file. */
      readonly file: string;
      /** The class or function in it. */
      readonly name: string;
      /** A function brings its own server on this port; an app is given one. */
      readonly exposedPort?: number;
      /** `python_version`: the one that the app asks for. */
      readonly pythonVersion?: string;
    }
  | { readonly kind: 'exec'; readonly command: string; readonly port: number };

export interface ServedApp {
  readonly record: AppRecord;
  readonly source: AppSource;
  /** Paths of the endpoints, as far as they are known without running the app. */
  readonly endpoints: readonly string[];
  /** What this machine does otherwise than the app's settings say, in words. */
  readonly notices: readonly string[];
}

/** Settings that win over what the app declares. */
export type SpecOverrides = Readonly<Record<string, unknown>>;

/** Reads `FILE.py::Name` (or `FILE.py` with a single app in it) without running it. */
export async function servedFalApp(reference: string, overrides: SpecOverrides, owner: string): Promise<ServedApp> {
  const [path = '', name, ...more] = reference.split('::');
  if (path === '' || name === '' || more.length > 0) {
    throw new UserError(`'${reference}' names no app: write FILE.py::ClassName, or FILE.py when it holds only one`);
  }
  const file = resolve(path);
  const text = await textOf(file, path);
  const source = readFalSource(text, { file: path, ...(name === undefined ? {} : { name }) });
  const spec = specFromSource(source, overrides);
  requireNeeds(source.surroundings, path, (needed) => existsSync(resolve(dirname(file), needed)));
  const { pythonVersion } = source.surroundings;
  const exposedPort = source.kind === 'function' ? spec.exposed_port : undefined;
  return {
    record: record(spec, owner, text),
    source: {
      ...{ kind: 'fal', file, name: source.name },
      ...(exposedPort === undefined ? {} : { exposedPort }),
      ...(pythonVersion === undefined ? {} : { pythonVersion }),
    },
    endpoints: source.endpoints.map((endpoint) => endpoint.path),
    notices: source.image === undefined ? [] : [IMAGE_NOTICE],
  };
}

/** An existing HTTP server, started by its own command and called on its own port, unchanged. */
export function servedCommand(
  { command, port, name }: { readonly command: string; readonly port: number; readonly name: string },
  overrides: SpecOverrides,
  owner: string,
): ServedApp {
  const spec = parseAppSpec({ name, machine_type: 'CPU', exposed_port: port, ...overrides });
  return {
    record: record(spec, owner, command),
    source: { kind: 'exec', command, port },
    endpoints: ['/'],
    notices: [],
  };
}

const IMAGE_NOTICE =
  'its container image is built on AWS only; here it runs in a Python environment made from its requirements';

function record(spec: AppSpec, owner: string, content: string): AppRecord {
  const single = spec.exposed_port === undefined ? spec : onePort(spec);
  const revision = createHash('sha256').update(JSON.stringify(single)).update(content).digest('hex').slice(0, 12);
  return { id: `${owner}/${spec.name}`, spec: single, revision, deployedAt: Date.now() };
}

/** A fixed port is there once on a machine, so at most one runner can have it. */
function onePort(spec: AppSpec): AppSpec {
  return { ...spec, max_concurrency: 1, min_concurrency: Math.min(1, spec.min_concurrency) };
}

async function textOf(file: string, given: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    if (bytes.includes(0)) throw new UserError(`${given} is no Python file: it holds no text`);
    return bytes.toString();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new UserError(`There is no file ${given}`);
    if (code === 'EISDIR') throw new UserError(`${given} is a folder: name the Python file in it`);
    if (code === 'EACCES') throw new UserError(`${given} can't be read: permission denied`);
    throw new UserError(`${basename(given)} can't be read: ${String(code)}`);
  }
}
