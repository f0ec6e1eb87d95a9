/** Commands of the real `sgpu`, run one after the other in a folder of a test file. */
import { Sgpu } from '../end-to-end/sgpu-program';
import type { TestFolder } from '../end-to-end/test-folder';

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

export class Commands {
  constructor(
    private readonly folder: TestFolder,
    private readonly env: NodeJS.ProcessEnv = {},
  ) {}

  /** Ends with whatever code; nothing of this machine's own settings reaches it. */
  async run(...args: readonly string[]): Promise<Finished> {
    const sgpu = Sgpu.run(args, { folder: this.folder.path, env: { ...nothingSaved(this.folder), ...this.env } });
    const { code } = await sgpu.exited;
    const { output, errors } = sgpu;
    return { code, out: output.slice(0, output.length - errors.length), errors };
  }

  /** What it printed for people. */
  async text(...args: readonly string[]): Promise<string> {
    const { code, out, errors } = await this.run(...args);
    expect({ code, errors }).toMatchObject({ code: 0 });
    return out.trim();
  }

  async json(...args: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.text(...args, '--output', 'json')) as unknown;
  }

  /** The message of a command that is refused: on stderr, with exit code 1 and no stack trace. */
  async refusal(...args: readonly string[]): Promise<string> {
    const { code, out, errors } = await this.run(...args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(errors).not.toMatch(/^\s+at /m);
    return errors.trim();
  }
}

function nothingSaved(folder: TestFolder): NodeJS.ProcessEnv {
  return {
    SGPU_CONFIG: folder.file('config.json'),
    FAL_KEY: undefined,
    FAL_PROFILE: undefined,
    AWS_PROFILE: undefined,
    AWS_ACCESS_KEY_ID: undefined,
    FORCE_COLOR: undefined,
  };
}
