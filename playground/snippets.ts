/** How to make the same call from elsewhere, as docs/clients.md says. Pure. */

export interface SameCall {
  /** Where the platform is: `http://127.0.0.1:8000`. */
  readonly origin: string;
  /** `local/ocr`, and the endpoint behind it unless it is the root: `local/ocr/predict`. */
  readonly endpoint: string;
  readonly input: unknown;
  /** Whether the caller sends a key; the snippets read it from `FAL_KEY`. */
  readonly withKey: boolean;
}

export interface Snippet {
  readonly language: string;
  readonly text: string;
}

export function snippetsFor(call: SameCall): readonly Snippet[] {
  return [
    { language: 'curl', text: curl(call) },
    { language: 'JavaScript', text: javaScript(call) },
    { language: 'Python', text: python(call) },
  ];
}

function curl({ origin, endpoint, input, withKey }: SameCall): string {
  return [
    `curl ${shellWord(`${origin}/run/${endpoint}`)}`,
    ...(withKey ? ['-H "Authorization: Key $FAL_KEY"'] : []),
    "-H 'content-type: application/json'",
    `-d ${shellWord(JSON.stringify(input))}`,
  ].join(' \\\n  ');
}

function javaScript({ origin, endpoint, input, withKey }: SameCall): string {
  return `import { fal } from '@fal-ai/client';

fal.config({
  credentials: ${withKey ? 'process.env.FAL_KEY' : "'local:local'"},
  proxyUrl: { url: ${JSON.stringify(origin)}, when: 'always' },
});

const { data } = await fal.subscribe(${JSON.stringify(endpoint)}, {
  input: ${indented(JSON.stringify(input, undefined, 2), '  ')},
  logs: true,
});
console.log(data);`;
}

/** Python's client speaks HTTPS alone, and finds the platform by its host. */
function python({ origin, endpoint, input, withKey }: SameCall): string {
  const { host, protocol } = new URL(origin);
  const hint = protocol === 'https:' ? [] : ['# fal_client speaks HTTPS alone: serve with `sgpu run --https`'];
  return [
    ...hint,
    `# export FAL_RUN_HOST=${host}/run FAL_QUEUE_RUN_HOST=${host}/queue${withKey ? '' : ' FAL_KEY=local:local'}`,
    'import json',
    'import fal_client',
    '',
    // A JSON text within a string: whatever the values are, Python reads the same.
    `arguments = json.loads(${JSON.stringify(JSON.stringify(input))})`,
    `print(fal_client.subscribe(${JSON.stringify(endpoint)}, arguments=arguments))`,
  ].join('\n');
}

function shellWord(text: string): string {
  return /^[\w:/.@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function indented(text: string, by: string): string {
  return text.replaceAll('\n', `\n${by}`);
}
