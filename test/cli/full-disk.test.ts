/** A disk without room, by a limit to the size of files: what is refused is refused clearly, what was accepted is kept. */
import { readdirSync, type Dirent } from 'node:fs';
import { QueueCalls, type Answer } from '../end-to-end/queue-calls';
import { endAllSgpu, Sgpu } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';

const folder = new TestFolder();
let sgpu: Sgpu;
const calls = new QueueCalls(() => sgpu.url, 'local/measure');
const APP = `
import fal
from pathlib import Path

class Measure(fal.App):
    machine_type = "CPU"

    def setup(self) -> None:
        if not Path("room").exists():
            raise OSError("there is no room")

    @fal.endpoint("/")
    def measure(self, text: str) -> dict:
        return {"length": len(text)}
`;

beforeAll(async () => {
  folder.write('app.py', APP);
  // A first life without the limit makes the Python environment.
  sgpu = await Sgpu.serve(['app.py'], { folder: folder.path });
  expect((await calls.run({ text: '' })).status).toBe(503);
  await sgpu.stop();
  sgpu = await Sgpu.serve(['app.py'], { folder: folder.path, largestFile: 4_096 });
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

const isFile = (entry: Dirent): boolean => entry.isFile();

const FULL = {
  status: 507,
  body: { detail: expect.stringMatching(/^The disk .* is full; free some space/) as unknown },
};

test('a large body is refused with 507, and nothing of it stays', async () => {
  expect(await calls.submit({ text: 'x'.repeat(8_000_000) })).toMatchObject(FULL);
  expect(readdirSync(folder.file('state/blobs'), { recursive: true, withFileTypes: true }).filter(isFile)).toEqual([]);
  expect((await calls.submit({ text: 'small' })).status).toBe(200);
});

test('requests are refused with 507 once there is no room, and those accepted before finish when there is', async () => {
  const accepted: string[] = [];
  let answer: Answer;
  for (;;) {
    answer = await calls.submit({ text: 'x'.repeat(200_000) });
    if (answer.status !== 200) break;
    accepted.push((answer.body as { request_id: string }).request_id);
    expect(accepted.length).toBeLessThan(100);
  }
  expect(answer).toMatchObject(FULL);
  expect(accepted.length).toBeGreaterThan(3);
  expect(sgpu.errors).toBe('');
  await sgpu.stop();
  folder.write('room', '');
  // Another revision: the starts that failed before delay it no further.
  folder.write('app.py', `${APP}\n`);
  sgpu = await Sgpu.serve(['app.py'], { folder: folder.path });
  for (const id of accepted) {
    expect(await calls.finished(id)).toMatchObject({ status: 200, body: { length: 200_000 } });
  }
});
