/** What is printed when an app is deployed: where it is, and how it is called. */
import { plural } from '../../runtime/domain/plural';
import type { Colors } from '../output';

export interface DeployedAppLines {
  readonly url: string;
  /** `owner/alias` */
  readonly app: string;
  readonly className: string;
  readonly revision: string;
  readonly auth: 'private' | 'shared' | 'public';
  readonly endpoints: readonly string[];
  /** Settings changed by `sgpu app scale`, which win over what was deployed. */
  readonly overridden: readonly string[];
  readonly platform: string;
}

export function closingLines(deployed: DeployedAppLines, colors: Colors): string {
  const { url, app, className, revision, auth, endpoints, overridden, platform } = deployed;
  const alias = app.slice(app.indexOf('/') + 1);
  const id = `${app}${endpoints[0] === undefined || endpoints[0] === '/' ? '' : endpoints[0]}`;
  const key = auth === 'public' ? '' : ' -H "Authorization: Key $FAL_KEY"';
  return [
    colors.green(`✓ Deployed successfully`),
    `Registered a new revision for '${className}' (revision='${revision}').`,
    '',
    colors.bold(app),
    `  Auth: ${ACCESS[auth]}`,
    '  Playground (open in a browser)',
    `    ${url}/playground/${app}`,
    '  API Endpoints (use in code)',
    ...endpoints.flatMap((path) => endpointLines(url, app, path)),
    '',
    '  How to call it',
    ...(auth === 'public' ? [] : [`    sgpu keys create --platform ${platform}      prints FAL_KEY='…'`]),
    `    curl${key} ${url}/run/${id} -H 'content-type: application/json' -d '{}'`,
    `    Logs: sgpu logs ${alias} --follow --platform ${platform}`,
    ...overriddenNote(overridden, alias, colors),
  ].join('\n');
}

const ACCESS = {
  private: "private (only the owner's keys)",
  shared: 'shared (any key of the platform)',
  public: 'public (no key)',
} as const;

function endpointLines(url: string, app: string, path: string): readonly string[] {
  const id = `${app}${path === '/' ? '' : path}`;
  return [`    ${path}`, `      Sync   ${url}/run/${id}`, `      Async  ${url}/queue/${id}`];
}

function overriddenNote(fields: readonly string[], alias: string, colors: Colors): readonly string[] {
  if (fields.length === 0) return [];
  const what = `${plural(fields.length, 'setting')} changed by \`sgpu app scale\` (${fields.join(', ')})`;
  return ['', colors.yellow(`${what} of ${alias} stay as they are. --reset-scale takes what is deployed.`)];
}
