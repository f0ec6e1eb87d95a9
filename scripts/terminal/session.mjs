// A person at a terminal: prompts and keystrokes are drawn, what the commands print is taken as it comes.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Seconds in the recording. */
const KEYSTROKE = 0.045;
const BEFORE_TYPING = 1;
const LONGEST_WAIT = 1;
/** Seconds for a line to come; the first run on a machine installs fal. */
const LIMIT = 300;
/** Milliseconds without output, after which a command in the background is taken to wait. */
const QUIET = 700;

export class TerminalSession {
  /** What the terminal was sent: `at` in seconds of the recording, `text`. */
  outputs = [];
  #clock = 0;
  #lastReal = performance.now();
  #exits = 0;
  #failure = undefined;
  #changed = () => undefined;

  /** Commands run in `folder`, which is shown as `shownAs`. */
  constructor({ columns, rows, folder, shownAs, env }) {
    this.shownAs = shownAs;
    const program = join(dirname(fileURLToPath(import.meta.url)), 'pty_commands.py');
    this.child = spawn('python3', [program, `${columns}`, `${rows}`], {
      cwd: folder,
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.once('close', () => this.#fail('The terminal has ended'));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const { output, exit } = JSON.parse(line);
      if (output !== undefined) this.#print(output.replaceAll(folder, shownAs));
      else if (exit === 0) this.#exits += 1;
      else this.#fail(`A command ended with ${exit}`);
      this.#changed();
    });
    this.#prompt();
  }

  /** Waits until the command has ended and, where a line is named, that has come too. */
  async type(command, line = /(?:)/) {
    this.#enter(command);
    const [exits, from] = [this.#exits, this.outputs.length];
    this.#send({ command, background: false });
    await this.#until(() => this.#exits > exits && line.test(this.#text(from)));
    this.#prompt();
  }

  /** Waits until the command has printed the line and then nothing for a while; it goes on beside the next ones. */
  async background(command, line) {
    this.#enter(`${command} &`);
    const from = this.outputs.length;
    this.#send({ command, background: true });
    await this.#until(() => line.test(this.#text(from)));
    for (let length = -1; length !== this.outputs.length;) {
      length = this.outputs.length;
      await new Promise((resolve) => setTimeout(resolve, QUIET));
    }
    this.#prompt();
  }

  async close() {
    this.child.stdin.end();
    await this.ended;
  }

  #prompt() {
    this.#draw(`\u001b[32m${this.shownAs}\u001b[39m $ `, 0.2);
  }

  #enter(line) {
    [...line].forEach((character, index) => this.#draw(character, index === 0 ? BEFORE_TYPING : KEYSTROKE));
    this.#draw('\r\n', 0.3);
    this.#lastReal = performance.now();
  }

  #print(text) {
    const now = performance.now();
    this.#draw(text, Math.min(LONGEST_WAIT, (now - this.#lastReal) / 1000));
    this.#lastReal = now;
  }

  #draw(text, after) {
    this.#clock += after;
    this.outputs.push({ at: this.#clock, text });
  }

  #text(from) {
    const texts = this.outputs.slice(from).map(({ text }) => text);
    return texts.join('');
  }

  #send(step) {
    this.child.stdin.write(`${JSON.stringify(step)}\n`);
  }

  #fail(message) {
    this.#failure ??= new Error(`${message}:\n${this.#text(0)}`);
    this.#changed();
  }

  #until(condition) {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => this.#fail('What was waited for has not come'), LIMIT * 1000);
      this.#changed = () => {
        if (this.#failure === undefined && !condition()) return;
        limit.close();
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      };
      this.#changed();
    });
  }
}
