/** The page: asks what an app takes, calls it through the queue, and shows what comes. Text from outside stays text. */
import { filesIn, type AnswerFile } from './answer-files';
import { element, renderForm } from './input-form';
import { endpointsOf, initialInput, type Endpoint } from './input-fields';
import { PlatformClient, Refusal, type Answer, type RequestStatus } from './platform-client';
import { snippetsFor } from './snippets';

/** Kept until the tab is closed. */
const KEY = 'key';

/** `/playground/local/ocr` */
const [, app = ''] = /^\/playground\/([^/]+\/[^/]+)\/?$/.exec(location.pathname) ?? [];

const part = {
  title: byId('title', HTMLElement),
  key: byId('key', HTMLInputElement),
  apps: byId('apps', HTMLElement),
  app: byId('app', HTMLElement),
  form: byId('call', HTMLFormElement),
  endpoint: byId('endpoint', HTMLInputElement),
  endpoints: byId('endpoints', HTMLDataListElement),
  summary: byId('summary', HTMLElement),
  describe: byId('describe', HTMLButtonElement),
  fields: byId('fields', HTMLElement),
  input: byId('input', HTMLTextAreaElement),
  mistake: byId('mistake', HTMLElement),
  run: byId('run', HTMLButtonElement),
  cancel: byId('cancel', HTMLButtonElement),
  snippets: byId('snippets', HTMLElement),
  status: byId('status', HTMLElement),
  logs: byId('logs', HTMLElement),
  files: byId('files', HTMLElement),
  answer: byId('answer', HTMLElement),
};

const platform = new PlatformClient(() => part.key.value.trim());
let known: readonly Endpoint[] = [];

start();

function start(): void {
  part.key.value = sessionStorage.getItem(KEY) ?? '';
  part.key.addEventListener('change', () => {
    sessionStorage.setItem(KEY, part.key.value.trim());
    if (app === '') guarded(listApps);
    showSnippets();
  });
  if (app === '') {
    guarded(listApps);
    return;
  }
  document.title = `${app} · Playground`;
  part.title.textContent = app;
  part.app.hidden = false;
  part.describe.addEventListener('click', () => {
    guarded(describe);
  });
  part.endpoint.addEventListener('change', showEndpoint);
  part.input.addEventListener('change', () => {
    const input = typedInput();
    if (input === undefined) return;
    showForm(input);
    showSnippets();
  });
  part.form.addEventListener('submit', (event) => {
    event.preventDefault();
    guarded(call);
  });
  showSnippets();
}

async function listApps(): Promise<void> {
  const apps = await platform.apps().catch((error: unknown) => {
    if (error instanceof Refusal && error.status === 401) {
      throw new Error('Enter an ADMIN key to list the apps, or open /playground/<owner>/<app>.');
    }
    throw error;
  });
  part.apps.hidden = false;
  const links = apps.map((id) => element('a', { href: `/playground/${id}`, textContent: id }));
  part.apps.replaceChildren(...(links.length > 0 ? links : [element('p', { textContent: 'No app is served.' })]));
}

async function describe(): Promise<void> {
  part.describe.disabled = true;
  part.describe.textContent = 'Asking the app, which may have to start…';
  try {
    known = endpointsOf(await platform.schema(app));
  } finally {
    part.describe.disabled = false;
    part.describe.textContent = 'Show its inputs';
  }
  if (known.length === 0) throw new Error('The app describes no endpoint that takes a POST: write its input as JSON.');
  part.endpoints.replaceChildren(...known.map(({ path }) => element('option', { value: path })));
  if (!known.some(({ path }) => path === part.endpoint.value)) part.endpoint.value = known[0]?.path ?? '/';
  showEndpoint();
}

/** Another endpoint was chosen: its form, and an input to begin with. */
function showEndpoint(): void {
  const chosen = known.find(({ path }) => path === part.endpoint.value);
  part.summary.hidden = chosen?.summary === undefined;
  part.summary.textContent = chosen?.summary ?? '';
  if (chosen !== undefined) setInput(initialInput(chosen.fields));
  const input = typedInput();
  if (input !== undefined) showForm(input);
  showSnippets();
}

function showForm(input: unknown): void {
  const fields = known.find(({ path }) => path === part.endpoint.value)?.fields ?? [];
  const values = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
  renderForm(part.fields, {
    fields,
    values,
    onChange: (changed) => {
      setInput(changed);
      say(undefined);
      showSnippets();
    },
    onMistake: say,
    upload: (file) => platform.upload(file),
  });
}

async function call(): Promise<void> {
  const input = typedInput();
  if (input === undefined) return;
  clearAnswer();
  part.run.disabled = true;
  try {
    const id = await platform.submit(endpoint(), input);
    part.cancel.hidden = false;
    part.cancel.onclick = () => {
      guarded(() => platform.cancel(app, id));
    };
    for await (const status of platform.follow(app, id)) showStatus(id, status);
    showAnswer(id, await platform.answer(app, id));
  } finally {
    part.run.disabled = false;
    part.cancel.hidden = true;
  }
}

function clearAnswer(): void {
  part.status.textContent = 'Submitting…';
  part.logs.hidden = true;
  part.logs.textContent = '';
  part.files.replaceChildren();
  part.answer.hidden = true;
}

function showStatus(id: string, { status, queue_position: position, logs = [] }: RequestStatus): void {
  const ahead = position === undefined || position === 0 ? '' : `, ${position} before it`;
  part.status.textContent = `${status}${ahead} · ${id}`;
  if (logs.length === 0) return;
  part.logs.hidden = false;
  part.logs.append(...logs.map(({ message }) => `${message}\n`));
}

function showAnswer(id: string, { status, body }: Answer): void {
  part.status.textContent = status === 200 ? `COMPLETED · ${id}` : `Failed with ${status} · ${id}`;
  part.files.replaceChildren(...filesIn(body).map(shown));
  part.answer.hidden = false;
  part.answer.textContent = typeof body === 'string' ? body : JSON.stringify(body, undefined, 2);
}

function shown({ kind, url }: AnswerFile): HTMLElement {
  switch (kind) {
    case 'image':
      return element('img', { src: url, alt: 'An image of the answer' });
    case 'video':
    case 'audio':
      return element(kind, { src: url, controls: true });
    case 'other':
      return element('a', { href: url, textContent: url, rel: 'noreferrer', target: '_blank' });
  }
}

function showSnippets(): void {
  const input = readInput();
  if (app === '' || input instanceof Error) return;
  const withKey = part.key.value.trim() !== '';
  const snippets = snippetsFor({ origin: location.origin, endpoint: endpoint(), input, withKey });
  part.snippets.replaceChildren(
    ...snippets.flatMap(({ language, text }) => [
      element('strong', { textContent: language }),
      element('pre', { textContent: text }),
    ]),
  );
}

function endpoint(): string {
  const path = part.endpoint.value.trim().replace(/^\/*/, '');
  return path === '' ? app : `${app}/${path}`;
}

function setInput(input: unknown): void {
  part.input.value = JSON.stringify(input, undefined, 2);
}

/** `undefined` when what is typed is no JSON, which is then said. */
function typedInput(): unknown {
  const input = readInput();
  say(input instanceof Error ? `The input is no JSON: ${input.message}` : undefined);
  return input instanceof Error ? undefined : input;
}

function readInput(): unknown {
  try {
    return JSON.parse(part.input.value) as unknown;
  } catch (error) {
    return error;
  }
}

function guarded(work: () => Promise<void>): void {
  say(undefined);
  work().catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    say(words);
    part.status.textContent = 'Not called.';
  });
}

function say(words: string | undefined): void {
  part.mistake.textContent = words ?? '';
}

function byId<Kind extends HTMLElement>(id: string, kind: abstract new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} #${id}`);
  return found;
}
