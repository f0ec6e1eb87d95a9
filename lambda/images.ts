/** `ImageBuild.codeBuild()`: a deployment waits until the images of an app are built, and fails with their build. */
import type { Clock } from '../runtime/ports';
import type { ImagesRequest } from '../runtime/aws-messages';

export interface Build {
  readonly status: 'running' | 'succeeded' | 'failed';
  /** What failed: `BUILD`. */
  readonly phase?: string;
  /** Where its log is shown. */
  readonly logUrl?: string;
}

export interface Builds {
  /** Starts a build, and answers its id. */
  start(project: string): Promise<string>;
  get(id: string): Promise<Build>;
  /** The last lines that a build printed; none where it printed nothing. */
  lastLines(id: string, most: number): Promise<readonly string[]>;
}

export interface ImagesOptions {
  readonly builds: Builds;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<unknown>;
}

const LOOK_MS = 10_000;

const LAST_LINES = 15;

/** CloudFormation shows little of a reason. */
const LAST_CHARACTERS = 500;

export class Images {
  constructor(private readonly options: ImagesOptions) {}

  /**
   * Resolves to nothing once the images are built, or to the id of the build when it goes on after the deadline: the
   * next call is given it. Throws when the build failed, with the end of its log.
   */
  async build({ project }: ImagesRequest, running: string | undefined, deadline: number): Promise<string | undefined> {
    const { builds, clock, sleep } = this.options;
    const id = running ?? (await builds.start(project));
    for (;;) {
      const build = await builds.get(id);
      if (build.status === 'succeeded') return undefined;
      if (build.status === 'failed') throw new Error(await this.whyFailed(id, build));
      if (clock.now() + LOOK_MS > deadline) return id;
      await sleep(LOOK_MS);
    }
  }

  private async whyFailed(id: string, { phase = 'an unknown phase', logUrl }: Build): Promise<string> {
    const lines = await this.options.builds.lastLines(id, LAST_LINES).catch(() => []);
    const end = lines.join('\n').trim().slice(-LAST_CHARACTERS);
    return `Build ${id} failed in ${phase}${logUrl === undefined ? '' : `, see ${logUrl}`}${end === '' ? '' : `\n${end}`}`;
  }
}
