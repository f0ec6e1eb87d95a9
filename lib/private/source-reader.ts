import { createRequire } from 'node:module';
import type { AppSpec } from '../../runtime/domain/app-spec';
import type { FalSource } from '../../runtime/source/fal-source';
import { assetPath } from './assets';

/** `runtime/source` with its Python parser, bundled: the constructs have no dependencies but those of the CDK. */
export interface SourceReader {
  readFalSource(text: string, options: { readonly file: string; readonly name?: string }): FalSource;
  specFromSource(source: FalSource, overrides?: Readonly<Record<string, unknown>>): AppSpec;
}

export function sourceReader(): SourceReader {
  return createRequire(__filename)(assetPath('source', 'index.js')) as SourceReader;
}
