/** An image that a build makes. */
export interface BuildStep {
  /** CodeBuild's name of its source. The first step's is the primary source, which has none. */
  readonly name: string;
  readonly tag: string;
  readonly file: string;
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

/** What CodeBuild runs. An image that is in the repository is not built again: a rollback deploys it once more. */
export function buildSpec(steps: readonly BuildStep[]): object {
  return {
    version: '0.2',
    env: { shell: 'bash' },
    phases: {
      pre_build: {
        'on-failure': 'ABORT',
        commands: ['aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"'],
      },
      build: { 'on-failure': 'ABORT', commands: steps.map((step, index) => command(step, index === 0)) },
    },
  };
}

function command(step: BuildStep, isPrimary: boolean): string {
  const image = `"$REPOSITORY:${step.tag}"`;
  const folder = `"$CODEBUILD_SRC_DIR${isPrimary ? '' : `_${step.name}`}"`;
  const build = ['docker build', ...options(step), `--tag ${image}`, '.'].join(' ');
  return `docker manifest inspect ${image} > /dev/null 2>&1 || (cd ${folder} && ${build} && docker push ${image})`;
}

function options({ file, target, buildArgs, secrets }: BuildStep): readonly string[] {
  return [
    '--platform linux/amd64 --progress plain',
    `--file ${quoted(file)}`,
    ...(target === undefined ? [] : [`--target ${quoted(target)}`]),
    ...Object.entries(buildArgs).map(([name, value]) => `--build-arg ${quoted(`${name}=${value}`)}`),
    ...secrets.map((name) => `--secret ${quoted(`id=${name},env=${name}`)}`),
  ];
}

/** For bash, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
