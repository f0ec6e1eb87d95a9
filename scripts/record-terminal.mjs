// Records docs/sgpu.cast and docs/sgpu.svg: commands are run in a terminal, and what they print is kept as it is, but for
// the name of the temporary folder. Prompts and typing are drawn, and waits are cut to a second.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundled } from './sim.mjs';
import { TerminalSession } from './terminal/session.mjs';

const TITLE = 'sgpu run: a request starts a runner from zero, and after keep_alive it is gone';
const SIZE = { columns: 100, rows: 28 };
/** Seconds that the end stays. */
const HOLD = 4;
const LARGEST_SVG = 200_000;

const APP = `import fal
from pydantic import BaseModel


class Order(BaseModel):
    prompt: str


class Picture(BaseModel):
    title: str


class Painter(fal.App, keep_alive=12):
    machine_type = "S"

    def setup(self) -> None:
        print("Brushes are ready")

    @fal.endpoint("/")
    def paint(self, order: Order) -> Picture:
        print(f"Painting {order.prompt}")
        return Picture(title=f"{order.prompt}, in oil")
`;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const home = realpathSync(mkdtempSync(join(tmpdir(), 'sgpu-recording-')));
const folder = join(home, 'painter');
try {
  mkdirSync(folder);
  writeFileSync(join(folder, 'app.py'), APP);
  await write(await record());
} finally {
  rmSync(home, { recursive: true, force: true });
}

async function record() {
  const port = await freePort(8000);
  const terminal = new TerminalSession({ ...SIZE, folder, shownAs: '~/painter', env: environment() });
  try {
    await terminal.type('cat app.py');
    await terminal.background(`sgpu run app.py::Painter${port === 8000 ? '' : ` --port ${port}`}`, /Ctrl-C stops/);
    await terminal.type(`curl -sw '\\n' localhost:${port}/run/local/painter --json '{"prompt": "A lighthouse"}'`);
    await terminal.type('sgpu list --local');
    await terminal.type('sgpu logs painter -n 2');
    await terminal.type('sgpu app explain painter');
    await terminal.type('sgpu runners list');
    await terminal.type('sleep 12', /1 → 0/);
    await terminal.type('sgpu runners list');
    return terminal.outputs;
  } finally {
    await terminal.close();
  }
}

/** `sgpu` is this tree's. No platform that somebody logged in to is taken, nor a look that a shell was set to. */
function environment() {
  const bin = join(home, 'bin');
  mkdirSync(bin);
  symlinkSync(join(root, 'assets', 'sgpu', 'sgpu.mjs'), join(bin, 'sgpu'));
  return {
    ...process.env,
    SGPU_CONFIG: join(home, 'config.json'),
    FAL_PROFILE: undefined,
    NO_COLOR: undefined,
    PATH: [bin, process.env.PATH].join(delimiter),
    TERM: 'xterm-256color',
    LC_ALL: 'C.UTF-8',
  };
}

async function write(outputs) {
  const { asciicast, framesOf } = await bundled('scripts/terminal/recording.ts');
  const { terminalSvg } = await bundled('scripts/terminal/svg.ts');
  const duration = outputs.at(-1).at + HOLD;
  const svg = terminalSvg({ ...SIZE, frames: framesOf(outputs, SIZE), duration, title: TITLE });
  const cast = asciicast(outputs, SIZE, TITLE);
  refuseWhatIsPrivate(svg + cast);
  if (svg.length > LARGEST_SVG) throw new Error(`docs/sgpu.svg would have ${svg.length} bytes`);
  writeFileSync(join(root, 'docs', 'sgpu.cast'), cast);
  writeFileSync(join(root, 'docs', 'sgpu.svg'), svg);
  console.log(
    `docs/sgpu.cast, docs/sgpu.svg: ${duration.toFixed(0)} s, ${readFileSync(join(root, 'docs', 'sgpu.svg')).length} bytes`,
  );
}

/** The recording is public: it may not say whose machine it was made on. */
function refuseWhatIsPrivate(recording) {
  const words = [home, root, homedir(), hostname(), userInfo().username];
  const found = words.filter((word) =>
    recording.split(/[^\w./~-]+/).some((part) => part === word || part.startsWith(`${word}/`)),
  );
  if (found.length > 0) throw new Error(`The recording names ${found.join(', ')}`);
}

/** The wanted port when nobody has it, else any. */
async function freePort(wanted) {
  const listen = (port) =>
    new Promise((resolve, reject) => {
      const server = createServer().once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        const { port: got } = server.address();
        server.close(() => resolve(got));
      });
    });
  return listen(wanted).catch(() => listen(0));
}
