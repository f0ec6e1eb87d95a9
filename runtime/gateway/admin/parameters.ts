/** What the admin API is asked about, checked. */
import type { Context } from 'hono';
import type { AppRecord } from '../../domain/app';
import type { GatewayDependencies } from '../dependencies';
import { unknownApp, validationError } from '../errors';

/** The part of a path that names an app. App ids have slashes. */
export const APP = '/apps/:app{.+}';

export const LARGEST_PAGE = 1_000;
const DEFAULT_PAGE = 50;

/** The app of the path, by its id or by its name alone when it is the owner's. Throws 404. */
export async function knownApp(
  { req }: Context,
  { apps, settings }: Pick<GatewayDependencies, 'apps' | 'settings'>,
): Promise<AppRecord> {
  const id = req.param('app') ?? '';
  const app = await apps.get(id.includes('/') ? id : `${settings.owner}/${id}`);
  if (app === undefined) throw unknownApp(id);
  return app;
}

/** `?limit=`, at most 1,000. */
export function pageSize(context: Context): number {
  return Math.min(wholeNumber(context, 'limit') ?? DEFAULT_PAGE, LARGEST_PAGE);
}

/** A parameter of the query that is a number from 1. */
export function wholeNumber({ req }: Context, name: string): number | undefined {
  const text = req.query(name);
  if (text === undefined || /^[1-9]\d{0,15}$/.test(text)) return text === undefined ? undefined : Number(text);
  const largest = name === 'limit' ? ` to ${LARGEST_PAGE}` : '';
  throw validationError(['query', name], `${name} must be a number from 1${largest}`, 'value_error');
}
