/** A CDK project in TypeScript. */
import { constructId, falApp, readme, type PackageSource, type Project } from './fal-app';

export function typeScriptProject(name: string, source: PackageSource): Project {
  const next = ['npm install', 'sgpu doctor app.py', 'sgpu deploy'];
  const id = constructId(name);
  return {
    files: {
      'app.py': falApp(name),
      'cdk-app.ts': `import { App, Stack } from 'aws-cdk-lib';
import { AppSource, ServerlessGpuApp } from 'cdk-serverless-gpu';

const app = new App();
const stack = new Stack(app, '${id}');

new ServerlessGpuApp(stack, '${id}', { source: AppSource.falApp('app.py') });
`,
      'cdk.json': json({ app: 'npx tsx cdk-app.ts' }),
      'package.json': json({
        name,
        private: true,
        scripts: { deploy: 'sgpu deploy' },
        dependencies: {
          'aws-cdk-lib': '^2.276.0',
          'cdk-serverless-gpu': source.published ? 'latest' : `file:${source.spec}`,
          constructs: '^10.8.1',
        },
        devDependencies: { 'aws-cdk': '^2.1148.1', tsx: '^4.20.0', typescript: '^5.9.0' },
      }),
      'tsconfig.json': json({ compilerOptions: { target: 'ES2022', module: 'commonjs', strict: true } }),
      'README.md': readme(name, source, next),
      '.gitignore': 'node_modules/\ncdk.out/\n.sgpu/\n',
    },
    next,
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
