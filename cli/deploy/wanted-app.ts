/** What `sgpu deploy FILE.py` is to deploy, from the file and the options. */
import { servedFalApp } from '../../daemon/served-app';
import { UserError } from '../../runtime/domain/user-error';
import type { DeploymentNotes } from '../aws/app-revision';
import type { DeployedSettings, InMemoryApp } from './in-memory-app';

export interface WantedOptions extends DeployedSettings {
  readonly appName?: string;
  readonly name?: string;
  readonly strategy?: 'rolling' | 'recreate';
  readonly message?: string;
  readonly annotation?: readonly string[];
  readonly imageBuild?: 'docker' | 'codebuild';
}

export interface WantedApp {
  /** Paths of its endpoints. */
  readonly endpoints: readonly string[];
  readonly inMemory: Omit<InMemoryApp, 'withPlatform'>;
}

export async function wantedApp(reference: string, options: WantedOptions, platform: string): Promise<WantedApp> {
  const name = options.appName ?? options.name;
  const { source, record, endpoints } = await servedFalApp(reference, name === undefined ? {} : { name }, platform);
  if (source.kind !== 'fal') throw new Error('A reference to a file is a fal app');
  const { imageBuild = 'docker' } = options;
  return {
    endpoints,
    inMemory: {
      ...{ platform, file: source.file, name: source.name, alias: record.spec.name, imageBuild },
      settings: settingsOf(options),
      notes: notesOf(options),
    },
  };
}

function settingsOf(options: WantedOptions): DeployedSettings {
  const { machineType, numGpus, minConcurrency, maxConcurrency, maxMultiplexing } = options;
  const { keepAlive, scalingDelay, requestTimeout, startupTimeout, auth } = options;
  return given({
    ...{ machineType, numGpus, minConcurrency, maxConcurrency, maxMultiplexing },
    ...{ keepAlive, scalingDelay, requestTimeout, startupTimeout, auth },
  });
}

/** fal's limits. */
const LONGEST_MESSAGE = 2_048;
const MOST_ANNOTATIONS = 32;

function notesOf({ strategy, message, annotation = [] }: WantedOptions): DeploymentNotes {
  if (message !== undefined && message.length > LONGEST_MESSAGE) {
    throw new UserError(`--message has ${message.length} characters: shorten it to ${LONGEST_MESSAGE}`);
  }
  if (annotation.length > MOST_ANNOTATIONS) {
    throw new UserError(`There are ${annotation.length} annotations: leave at most ${MOST_ANNOTATIONS}`);
  }
  const annotations = annotation.length === 0 ? undefined : Object.fromEntries(annotation.map(annotationOf));
  return given({ strategy: strategy === 'recreate' ? strategy : undefined, message, annotations });
}

function annotationOf(text: string): readonly [key: string, value: string] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new UserError(`--annotation ${text} says nothing: write KEY=VALUE`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function given<T extends object>(values: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
