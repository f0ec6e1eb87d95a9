/** A whole platform that is stopped or killed at one moment or another, and started again on the same state. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../contract/eventually';
import { expectNoneLeft, processesOf } from './app-processes';
import { QueueCalls, type Answer } from './queue-calls';
import { endAllSgpu, Sgpu } from './sgpu-program';
import { TestFolder } from './test-folder';
import { WebhookReceiver } from './webhook-receiver';

const folder = new TestFolder();
/** The path is the marker by which the processes of the app are found. */
const file = folder.file('ledger.py');
const ledger = new QueueCalls(() => sgpu.url, 'local/ledger');
const receiver = new WebhookReceiver(() => `${sgpu.url}/rest/.well-known/jwks.json`);
let sgpu: Sgpu;

/** Answers that were read before a platform ended, by request. */
const read = new Map<string, Answer>();

async function start(): Promise<void> {
  sgpu = await Sgpu.serve([`${file}::Ledger`], { folder: folder.path, env: { TEST_FOLDER: folder.path } });
}

beforeAll(async () => {
  copyFileSync(join(__dirname, 'apps', 'ledger.py'), file);
  await receiver.listen();
  await start();
});
afterAll(async () => {
  receiver.close();
  await endAllSgpu();
  await expectNoneLeft(file);
  folder.remove();
});

function submit(name: string, gate = ''): Promise<string> {
  return ledger.accepted({ name, gate }, `?fal_webhook=${encodeURIComponent(receiver.url)}`);
}

async function begun(name: string): Promise<void> {
  await eventually(async () => {
    expect(folder.lines('journal')).toContain(`begin ${name}`);
  });
}

function openGate(gate: string): void {
  folder.write(gate, '');
}

async function readResult(id: string): Promise<void> {
  read.set(id, await ledger.finished(id));
}

/** Each request has one result, the one that was read before if any was, and no webhook says otherwise. */
async function expectFinished(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { status, body, headers } = await ledger.finished(id);
    expect([id, status]).toEqual([id, 200]);
    const before = read.get(id);
    if (before !== undefined) expect(body).toEqual(before.body);
    if (before !== undefined) expect(headers.get('content-type')).toBe(before.headers.get('content-type'));
    const webhooks = await eventually(async () => {
      expect(receiver.of(id)).not.toEqual([]);
      return receiver.of(id);
    }, 50_000);
    for (const webhook of webhooks)
      expect(webhook).toMatchObject({ verified: true, body: { status: 'OK', payload: body } });
  }
}

async function kill(): Promise<void> {
  await sgpu.kill();
  await expectNoneLeft(file);
}

describe('stopped by Ctrl-C', () => {
  test('a platform ends in order, and the next one knows all results and finishes all requests', async () => {
    const answered = await submit('answered');
    await readResult(answered);
    const held = [await submit('held 1', 'stop-gate'), await submit('held 2', 'stop-gate')];
    await begun('held 1');
    await begun('held 2');
    const waiting = await submit('waiting');
    expect(await sgpu.stop()).toEqual({ code: 0, signal: null });
    await expectNoneLeft(file);
    openGate('stop-gate');
    await start();
    await expectFinished([answered, ...held, waiting]);
  });
});

describe('killed', () => {
  test('while requests run and others wait', async () => {
    const running = [await submit('running 1', 'run-gate'), await submit('running 2', 'run-gate')];
    await begun('running 1');
    await begun('running 2');
    const waiting = await Promise.all(Array.from({ length: 5 }, (_, index) => submit(`behind ${index}`)));
    await kill();
    openGate('run-gate');
    await start();
    await expectFinished([...running, ...waiting]);
  });

  test('while a runner starts', async () => {
    await sgpu.stop();
    await start();
    const id = await submit('first of all');
    await sgpu.printed(/0 → 1 runners/);
    await kill();
    await start();
    await expectFinished([id]);
  });

  test('in the middle of submissions', async () => {
    const accepted: string[] = [];
    let killed = false;
    const submitUntilKilled = async (caller: number): Promise<void> => {
      for (let number = 0; !killed; number++) {
        const id = await submit(`caller ${caller} ${number}`).catch(() => undefined);
        if (id !== undefined) accepted.push(id);
      }
    };
    const callers = Promise.all([0, 1, 2, 3].map(submitUntilKilled));
    await eventually(async () => {
      expect(accepted.length).toBeGreaterThan(20);
    });
    await sgpu.kill();
    killed = true;
    await callers;
    await expectNoneLeft(file);
    await start();
    await expectFinished(accepted);
  });

  test('right after an answer', async () => {
    const id = await submit('just answered');
    await readResult(id);
    await kill();
    await start();
    await expectFinished([id]);
  });

  test('together with all processes of its app', async () => {
    const id = await submit('all at once', 'all-gate');
    await begun('all at once');
    for (const pid of processesOf(file)) process.kill(pid, 'SIGKILL');
    await sgpu.exited;
    await expectNoneLeft(file);
    openGate('all-gate');
    await start();
    await expectFinished([id]);
  });

  test('again and again while it works', async () => {
    const ids: string[] = [];
    for (const lifetime of [100, 300, 700, 1_500]) {
      ids.push(...(await Promise.all(Array.from({ length: 10 }, (_, index) => submit(`${lifetime} ms, ${index}`)))));
      await new Promise((resolve) => setTimeout(resolve, lifetime));
      await kill();
      await start();
    }
    await expectFinished(ids);
  });

  test('only the app: its request goes to another runner', async () => {
    const id = await submit('orphaned', 'app-gate');
    await begun('orphaned');
    const app = processesOf(file).filter((pid) => pid !== sgpu.pid);
    expect(app).not.toEqual([]);
    for (const pid of app) process.kill(pid, 'SIGKILL');
    openGate('app-gate');
    await expectFinished([id]);
    expect(folder.lines('journal').filter((line) => line === 'begin orphaned')).toHaveLength(2);
  });
});

test('all results of all lives of the platform are there in the end', async () => {
  await expectFinished([...read.keys()]);
});
