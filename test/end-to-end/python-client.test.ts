/** Python's `fal_client`, unmodified, against a whole platform with real Python apps; re-pointed by its environment. */
import { join } from 'node:path';
import { runPython } from '../clients/python-client';
import { endAllSgpu, Sgpu } from './sgpu-program';
import { TestFolder } from './test-folder';

const APPS = join(__dirname, 'apps', 'studio.py');

const folder = new TestFolder();
let sgpu: Sgpu;

beforeAll(async () => {
  sgpu = await Sgpu.serve([`${APPS}::Studio`, `${APPS}::Worker`, `${APPS}::Giant`, '--https'], { folder: folder.path });
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

/** What every program below begins with: jobs of the worker, whose end the program decides. */
const PRELUDE = `
import asyncio, json, pathlib, time
import fal_client, httpx
from fal_client import Completed, FalClientHTTPError, InProgress, Queued

STUDIO, WORKER, GIANT = 'local/studio', 'local/worker', 'local/giant'
FOLDER = pathlib.Path(${JSON.stringify(folder.path)})
JOURNAL = FOLDER / 'journal'

def job(name):
    return {'name': name, 'journal': str(JOURNAL), 'gate': str(FOLDER / name)}

def names():
    return JOURNAL.read_text().split() if JOURNAL.exists() else []

def begun(name):
    while name not in names():
        time.sleep(0.02)

def open_gates(*gates):
    for name in gates:
        (FOLDER / name).touch()

def finished(handle):
    while not isinstance(handle.status(), Completed):
        time.sleep(0.02)

def error_of(call, *args, **options):
    try:
        return f'no error: {call(*args, **options)}'
    except FalClientHTTPError as error:
        return f'{error.status_code} {error.error_type} {error.message}'
`;

async function printed(program: string): Promise<string> {
  return runPython(sgpu.secure, PRELUDE + program);
}

test('run answers with what the app returned', async () => {
  const output = await printed(`
print(fal_client.run(STUDIO, arguments={'prompt': 'a cat'}))
print(asyncio.run(fal_client.run_async(STUDIO, arguments={'prompt': 'a dog'}, path='/predict')))
`);
  expect(output.split('\n')).toEqual(["{'painted': 'a cat'}", "{'predicted': 'a dog'}"]);
});

test('subscribe shows the way of a request and its log', async () => {
  const output = await printed(`
updates = []
print(fal_client.subscribe(STUDIO, arguments={'prompt': 'a cat'}, with_logs=True, on_queue_update=updates.append))
print(type(updates[-1]).__name__, [line['message'] for line in updates[-1].logs])
async def main():
    return await fal_client.subscribe_async(STUDIO, arguments={'prompt': 'a dog'})
print(asyncio.run(main()))
`);
  expect(output.split('\n')).toEqual([
    "{'painted': 'a cat'}",
    expect.stringMatching(/^Completed \[.*'painting a cat'.*\]$/),
    "{'painted': 'a dog'}",
  ]);
});

test('a submitted request has a status until it has a result', async () => {
  const output = await printed(`
ahead = fal_client.submit(WORKER, arguments=job('first'))
begun('first')
behind = fal_client.submit(WORKER, arguments=job('second'))
last = fal_client.submit(WORKER, arguments=job('third'))
print(type(ahead.status()).__name__, behind.status(), last.status())
open_gates('first', 'second', 'third')
print(last.get()['name'])
print(fal_client.result(WORKER, behind.request_id)['name'])
print(type(fal_client.status(WORKER, ahead.request_id)).__name__)
`);
  expect(output.split('\n')).toEqual([
    'InProgress Queued(position=0) Queued(position=1)',
    'third',
    'second',
    'Completed',
  ]);
});

test('requests are cancelled while they wait and while they run, not afterwards', async () => {
  const output = await printed(`
running = fal_client.submit(WORKER, arguments=job('endless'))
begun('endless')
waiting = fal_client.submit(WORKER, arguments=job('unwanted'))
waiting.cancel()
print(error_of(waiting.get))
running.cancel()
print(error_of(running.get))
print(error_of(running.cancel))
print('unwanted' in names())
`);
  expect(output.split('\n')).toEqual([
    '499 client_cancelled Request was cancelled',
    '499 None laid down',
    expect.stringMatching(/^400 /),
    'False',
  ]);
});

test('low priority goes last', async () => {
  const output = await printed(`
fal_client.submit(WORKER, arguments=job('in-front'))
begun('in-front')
low = fal_client.submit(WORKER, arguments=job('low'), priority='low')
normal = fal_client.submit(WORKER, arguments=job('normal'))
open_gates('in-front', 'low', 'normal')
low.get(), normal.get()
print(names()[-3:])
`);
  expect(output).toBe("['in-front', 'normal', 'low']");
});

test('a request that does not begin within its start timeout ends with 504', async () => {
  const output = await printed(`
blocker = fal_client.submit(WORKER, arguments=job('slow'))
begun('slow')
print(error_of(fal_client.run, WORKER, arguments=job('impatient'), start_timeout=1.5))
print(error_of(fal_client.subscribe, WORKER, arguments=job('impatient'), start_timeout=1.5))
open_gates('slow')
blocker.get()
print('impatient' in names())
`);
  expect(output.split('\n')).toEqual([
    expect.stringMatching(/^504 request_timeout /),
    expect.stringMatching(/^504 request_timeout /),
    'False',
  ]);
});

test('stream yields what the app yields', async () => {
  const output = await printed(`
print([event['stroke'] for event in fal_client.stream(STUDIO, arguments={'prompt': 'a bird'})])
async def main():
    return [event['stroke'] async for event in fal_client.stream_async(STUDIO, arguments={'prompt': 'a bird'})]
print(asyncio.run(main()))
`);
  expect(output.split('\n')).toEqual(['[1, 2, 3]', '[1, 2, 3]']);
});

test('an uploaded file is given to the app by its URL', async () => {
  // fal_client speaks https alone, so its URLs do too, and the app must trust the development authority for them.
  const output = await printed(`
url = fal_client.upload(b'brushes', 'text/plain', file_name='brushes.txt')
print(fal_client.subscribe(STUDIO + '/read', arguments={'file': url}))
made = fal_client.subscribe(STUDIO + '/frame', arguments={'prompt': 'gold'})
print(httpx.get(made['file']['url']).text)
`);
  expect(output.split('\n')).toEqual(["{'content': 'brushes'}", 'gold']);
});

test('errors say what is wrong', async () => {
  const output = await printed(`
for call in fal_client.run, fal_client.subscribe:
    try:
        call(STUDIO, arguments={})
    except FalClientHTTPError as error:
        print(error.status_code, [(item['loc'], item['type']) for item in error.response.json()['detail']])
    print(error_of(call, STUDIO + '/raise', arguments={})[:4])
    print(error_of(call, STUDIO + '/refuse', arguments={}))
    print(error_of(call, 'local/nobody', arguments={}))
`);
  const lines = [
    "422 [(['body', 'prompt'], 'missing')]",
    '500 ',
    '418 None The canvas is taken',
    '404 None Application "local/nobody" not found',
  ].map((line) => line.trim());
  expect(output.split('\n').map((line) => line.trim())).toEqual([...lines, ...lines]);
});

test('a request whose runner ran out of GPU memory finishes on a new runner', async () => {
  const output = await printed(`
marker = FOLDER / 'giant'
result = fal_client.subscribe(GIANT, arguments={'marker': str(marker)})
print(result['first'] == marker.read_text(), result['first'] == result['then'])
`);
  expect(output).toBe('True False');
});

test('two apps work at once', async () => {
  const output = await printed(`
held = fal_client.submit(WORKER, arguments=job('held'))
begun('held')
print(fal_client.subscribe(STUDIO, arguments={'prompt': 'meanwhile'}))
open_gates('held')
print(held.get()['name'])
`);
  expect(output.split('\n')).toEqual(["{'painted': 'meanwhile'}", 'held']);
});
