/** The app that a new project begins with: it runs at once and on any machine. */
export function falApp(name: string): string {
  const title = name.split(/[-_]/).filter(Boolean).map(capitalised).join('');
  const className = /^[A-Z]/.test(title) ? title : `App${title}`;
  return `"""A fal app: \`sgpu run app.py\` serves it here."""

import fal
from pydantic import BaseModel


class Input(BaseModel):
    prompt: str = "hello"


class Output(BaseModel):
    text: str


class ${className}(fal.App, name="${name}"):
    # GPU-T4, GPU-A10G, GPU-H100, … when the model needs one.
    machine_type = "S"
    requirements = []

    def setup(self) -> None:
        """Runs once in a new runner, before its first request: load the model here."""
        self.greeting = "You said"

    @fal.endpoint("/")
    def run(self, input: Input) -> Output:
        return Output(text=f"{self.greeting}: {input.prompt}")
`;
}

/** Words of a construct's id. */
export function constructId(name: string): string {
  const id = name.split(/[-_]/).filter(Boolean).map(capitalised).join('');
  return /^[A-Z]/.test(id) ? id : `App${id}`;
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Where the project has the package from. */
export interface PackageSource {
  /** What npm or pip installs: a name, or the path of a packed package. */
  readonly spec: string;
  /** Of a name: no registry has it yet. */
  readonly published: boolean;
}

/** What to know before the first deployment. */
export function readme(name: string, { spec, published }: PackageSource, commands: readonly string[]): string {
  const packaged = published
    ? [
        'The package `cdk-serverless-gpu` is on no registry yet. Pack it in its repository (`npm run build:jsii`, then',
        '`npm pack` in `dist/jsii`), and make the project with `sgpu init --package FILE`, or write the file for its name.',
        '',
      ]
    : [`The package is installed from \`${spec}\`.`, ''];
  return [
    `# ${name}`,
    '',
    'A fal app in `app.py`, and the CDK project that deploys it to AWS.',
    '',
    ...packaged,
    '```sh',
    'sgpu run app.py            # serves it on this machine',
    ...commands,
    '```',
    '',
  ].join('\n');
}

export interface Project {
  /** Path → text. */
  readonly files: Readonly<Record<string, string>>;
  /** Commands that lead from there to a deployed app. */
  readonly next: readonly string[];
}
