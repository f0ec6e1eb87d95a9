/** What a platform prints when it is ready: where its apps are, and lines that call them when pasted. */
import type { Platform } from '../daemon/platform';
import type { ServedApp } from '../daemon/served-app';

export function banner(platform: Platform, apps: readonly ServedApp[]): string {
  const blocks = [
    `Serving ${apps.map(({ record }) => record.id).join(', ')} at ${platform.url}`,
    ...apps.map((app) => endpoints(platform, app)),
    ...(platform.newKey === undefined ? [] : [`Your key, shown this once:\n  export FAL_KEY=${platform.newKey}`]),
    ...apps.slice(0, 1).map((app) => examples(platform, app)),
    'Runners start with the first request. Logs follow; Ctrl-C stops.',
  ];
  return `\n${blocks.join('\n\n')}\n`;
}

function endpoints({ url, requireKey }: Platform, { record, endpoints: paths, notices }: ServedApp): string {
  const lines = paths.map((path) => {
    const id = `${record.id}${path === '/' ? '' : path}`;
    return `  ${path}\n    Sync   ${url}/run/${id}\n    Async  ${url}/queue/${id}`;
  });
  const access = requireKey ? ACCESS[record.spec.auth] : 'no key is asked for on this machine';
  const playground = `  Playground (open in a browser)\n    ${url}/playground/${record.id}`;
  return [`${record.id} (${access})`, playground, ...lines, ...notices.map((notice) => `  Note: ${notice}`)].join('\n');
}

const ACCESS = {
  private: "private: only the owner's keys",
  shared: 'shared: any key of this platform',
  public: 'public: no key',
} as const;

function examples({ url, secure, requireKey }: Platform, { record, endpoints: paths }: ServedApp): string {
  const path = paths[0] ?? '/';
  const id = `${record.id}${path === '/' ? '' : path}`;
  const withKey = !requireKey ? '' : ' -H "Authorization: Key $FAL_KEY"';
  return [
    `curl${withKey} ${url}/run/${id} -H 'content-type: application/json' -d '{}'`,
    '',
    '# Python (pip install fal-client)',
    ...(secure === undefined ? ['# fal_client speaks https only: add --https'] : pythonExample(secure, id)),
    '',
    '// JavaScript (npm install @fal-ai/client), in a file ending in .mjs',
    ...javaScriptExample(url, id),
  ].join('\n');
}

function pythonExample({ url, caPath }: NonNullable<Platform['secure']>, id: string): readonly string[] {
  const { host } = new URL(url);
  return [
    `export FAL_RUN_HOST=${host}/run FAL_QUEUE_RUN_HOST=${host}/queue SSL_CERT_FILE='${caPath}' FAL_KEY=\${FAL_KEY:-local:local}`,
    `python3 -c 'import fal_client; print(fal_client.subscribe("${id}", arguments={}))'`,
  ];
}

function javaScriptExample(url: string, id: string): readonly string[] {
  return [
    `import { fal } from '@fal-ai/client';`,
    `fal.config({ credentials: process.env.FAL_KEY ?? 'local:local', proxyUrl: { url: '${url}', when: 'always' } });`,
    `console.log((await fal.subscribe('${id}', { input: {} })).data);`,
  ];
}
