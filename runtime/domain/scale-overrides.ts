/**
 * Settings of the scaling that are changed while an app runs (`sgpu app scale`). As on fal they survive a deployment: what
 * was changed by hand wins over what is deployed, until it is reset.
 */
import type { AppRecord } from './app';
import { parseAppSpec, type AppSpec } from './app-spec';

export const SCALE_FIELDS = [
  'min_concurrency',
  'max_concurrency',
  'concurrency_buffer',
  'concurrency_buffer_perc',
  'scaling_delay',
  'max_multiplexing',
  'keep_alive',
  'request_timeout',
  'startup_timeout',
] as const;

export type ScaleOverrides = Partial<Pick<AppSpec, (typeof SCALE_FIELDS)[number]>>;

export interface ScaleChange {
  readonly overrides: ScaleOverrides;
  /** What was deployed in their place. */
  readonly deployed: ScaleOverrides;
}

/** A spec with an app's overrides in it. */
export function overridden(
  deployed: AppSpec,
  overrides: ScaleChanges = {},
): { readonly spec: AppSpec; readonly scale?: ScaleChange } {
  const fields = SCALE_FIELDS.filter((field) => overrides[field] !== undefined);
  if (fields.length === 0) return { spec: deployed };
  return {
    spec: { ...deployed, ...pick(overrides, fields) },
    scale: { overrides: pick(overrides, fields), deployed: pick(deployed, fields) },
  };
}

/** Settings to change; `undefined` resets one to what is deployed. */
export type ScaleChanges = { readonly [Field in keyof ScaleOverrides]?: ScaleOverrides[Field] | undefined };

/** The app after settings were changed. Throws a `UserError` when they make no valid spec. */
export function scaled(app: AppRecord, changes: ScaleChanges): AppRecord {
  const { scale, ...rest } = app;
  const overrides = { ...scale?.overrides, ...changes };
  const next = overridden({ ...app.spec, ...scale?.deployed }, overrides);
  parseAppSpec(next.spec);
  return { ...rest, ...next };
}

function pick(from: ScaleChanges, fields: readonly (keyof ScaleOverrides)[]): ScaleOverrides {
  return Object.fromEntries(fields.map((field) => [field, from[field]]));
}
