/** The playground in a real browser, on the real platform with a real app. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../contract/eventually';
import { endAllSgpu, Sgpu } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';
import { startChromium } from './chromium';

jest.setTimeout(300_000);

const ROOT = join(__dirname, '..', '..');
const PAINTER = join(__dirname, 'apps', 'painter.py');

/** A runner may have to be started for an answer. */
const PATIENCE = { timeout: 120_000 };

const folders = [new TestFolder(), new TestFolder()] as const;
let open: Sgpu;
let guarded: Sgpu;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')]);
  open = await Sgpu.serve([PAINTER], { folder: folders[0].path });
  guarded = await Sgpu.serve([PAINTER, '--auth', 'private'], { folder: folders[1].path });
  browser = await startChromium();
});

afterAll(async () => {
  await endAllSgpu();
  for (const folder of folders) folder.remove();
  await browser.close();
});

beforeEach(async () => {
  page = await browser.newPage();
});
afterEach(() => page.close());

async function show(sgpu: Sgpu): Promise<void> {
  await page.goto(`${sgpu.url}/playground/local/painter`);
}

async function answered(): Promise<unknown> {
  await page.locator('#answer').waitFor(PATIENCE);
  return JSON.parse(await page.locator('#answer').innerText()) as unknown;
}

/** Runs in the page; 0 for a picture that was not loaded. */
function widthOf(picture: unknown): number {
  return (picture as { readonly naturalWidth: number }).naturalWidth;
}

test('lists the apps, and leads to each', async () => {
  await page.goto(`${open.url}/playground`);
  await page.getByRole('link', { name: 'local/painter' }).click();
  await page.getByRole('heading', { name: 'local/painter' }).waitFor();
});

test('asks the app what it takes, sends what was typed, and shows logs, answer and picture', async () => {
  await show(open);
  await page.getByRole('button', { name: 'Show its inputs' }).click();
  const prompt = page.getByLabel('Prompt *');
  await prompt.waitFor(PATIENCE);
  expect(await prompt.inputValue()).toBe('a red fox');
  await prompt.fill('a blue “whale”');
  await page.getByLabel('Steps').fill('7');
  await page.getByLabel('Style').selectOption({ label: 'drawing' });
  await page.getByLabel('Loud').check();
  await page.getByRole('button', { name: 'Run' }).click();
  const asked = { prompt: 'a blue “whale”', steps: 7, style: 'drawing', image_url: null, loud: true };
  expect(await answered()).toMatchObject({ text: 'A BLUE “WHALE”', asked });
  expect(await page.locator('#logs').innerText()).toContain('painting a blue “whale”');
  expect(await page.locator('#files img').evaluate(widthOf)).toBe(1);
});

test('uploads a file, and gives the app its address', async () => {
  await show(open);
  await page.getByRole('button', { name: 'Show its inputs' }).click();
  const file = { name: 'a b.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') };
  await page.locator('#fields input[type=file]').setInputFiles(file, PATIENCE);
  const input = page.getByLabel('Input as JSON');
  await eventually(async () => {
    expect(await input.inputValue()).toContain('/cdn/files/');
  });
  await page.getByRole('button', { name: 'Run' }).click();
  const { asked } = (await answered()) as { readonly asked: { readonly image_url: string } };
  expect(await (await fetch(asked.image_url)).text()).toBe('hello');
});

test('an input that is no JSON is never sent, an app’s refusal is shown', async () => {
  await show(open);
  await page.getByLabel('Input as JSON').fill('{"prompt"');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('The input is no JSON').waitFor();
  expect(await page.locator('#status').innerText()).toBe('Not called yet.');
  await page.getByLabel('Input as JSON').fill('{}');
  await page.getByRole('button', { name: 'Run' }).click();
  expect(await answered()).toMatchObject({ detail: [{ loc: ['body', 'prompt'] }] });
  expect(await page.locator('#status').innerText()).toContain('Failed with 422');
});

test('a request that waits can be cancelled', async () => {
  const busy = await fetch(`${open.url}/queue/local/painter/forever`, { method: 'POST', body: '{}' });
  expect(busy.status).toBe(200);
  await show(open);
  await page.getByLabel('Input as JSON').fill('{"prompt": "x"}');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('IN_QUEUE').waitFor(PATIENCE);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('#answer').waitFor(PATIENCE);
  expect(await page.locator('#status').innerText()).toMatch(/^Failed with 4\d\d/);
});

test('a private app wants a key, which stays for the tab', async () => {
  await show(guarded);
  await page.getByLabel('Input as JSON').fill('{"prompt": "secret"}');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('Cannot access application').waitFor();
  await page.getByLabel('Key').fill(guarded.key);
  await page.getByRole('button', { name: 'Run' }).click();
  expect(await answered()).toMatchObject({ text: 'secret' });
  await page.reload();
  expect(await page.getByLabel('Key').inputValue()).toBe(guarded.key);
});

test('what an app writes is text, and never a part of the page', async () => {
  await show(guarded);
  await page.getByLabel('Key').fill(guarded.key);
  await page.getByLabel('Endpoint').fill('/markup');
  await page.getByRole('button', { name: 'Run' }).click();
  expect(await answered()).toMatchObject({ text: "<script>document.title='run'</script>" });
  expect(await page.locator('#logs').innerText()).toContain('<img src=x');
  expect(await page.locator('#logs img, #files *, #answer script').count()).toBe(0);
  expect(await page.title()).toBe('local/painter · Playground');
});
