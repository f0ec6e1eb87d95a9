/** A CDK project in Python. */
import { constructId, falApp, readme, type PackageSource, type Project } from './fal-app';

export function pythonProject(name: string, source: PackageSource): Project {
  const id = constructId(name);
  const next = [
    'python3 -m venv .venv && . .venv/bin/activate && pip install -r requirements.txt',
    'sgpu doctor app.py',
    'sgpu deploy',
  ];
  return {
    files: {
      'app.py': falApp(name),
      'cdk_app.py': `from aws_cdk import App, Stack
from cdk_serverless_gpu import AppSource, ServerlessGpuApp

app = App()
stack = Stack(app, "${id}")

ServerlessGpuApp(stack, "${id}", source=AppSource.fal_app("app.py"))

app.synth()
`,
      'cdk.json': `${JSON.stringify({ app: 'python3 cdk_app.py' }, undefined, 2)}\n`,
      'requirements.txt': `aws-cdk-lib>=2.276.0,<3\n${source.spec}\nconstructs>=10.8.1,<11\n`,
      'README.md': readme(name, source, next),
      '.gitignore': '.venv/\n__pycache__/\ncdk.out/\n.sgpu/\n',
    },
    next,
  };
}
