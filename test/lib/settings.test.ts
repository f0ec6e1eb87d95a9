/** What an app is told: props win over what its source says, which wins over the defaults. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import type { AppDeployment } from '../../runtime/domain/deployment';
import { AppSource, ScalingPolicy, type ServerlessGpuAppProps } from '../../lib';
import { templateOf } from './synthesis';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sgpu-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The spec of a fal app with some attributes. */
function specWith(attributes: string, props: Partial<ServerlessGpuAppProps> = {}): AppDeployment['spec'] {
  const file = join(folder, 'app.py');
  writeFileSync(file, `import fal\n\nclass Ocr(fal.App):\n    machine_type = "S"\n    ${attributes}\n`);
  return specIn(templateOf({ source: AppSource.falApp(file), ...props }));
}

/** Of the parameter that the controller reads, with `?` for what is filled in at deployment. */
function specIn(template: Template): AppDeployment['spec'] {
  const [parameter] = Object.values(
    template.findResources('AWS::SSM::Parameter', { Properties: { Name: '/sgpu/gpu/apps/ocr' } }),
  );
  const { Properties } = parameter as { Properties: { Value: { 'Fn::Join': [string, unknown[]] } } };
  const [, parts] = Properties.Value['Fn::Join'];
  const text = parts.map((part) => (typeof part === 'string' ? part : '?')).join('');
  return (JSON.parse(text) as AppDeployment).spec;
}

test("runners come and go by fal's rules unless the adaptive policy is asked for", () => {
  expect(specWith('keep_alive = 30').scaling_policy).toBe('fal');
});

test('the class may ask for the adaptive policy', () => {
  expect(specWith('scaling_policy = "adaptive"').scaling_policy).toBe('adaptive');
});

test('the policy of the props wins over that of the class, either way', () => {
  expect(specWith('keep_alive = 30', { scalingPolicy: ScalingPolicy.ADAPTIVE }).scaling_policy).toBe('adaptive');
  expect(specWith('scaling_policy = "adaptive"', { scalingPolicy: ScalingPolicy.FAL }).scaling_policy).toBe('fal');
});

test('a prop wins over the class, and what no prop says is left to it', () => {
  const spec = specWith('keep_alive = 30\n    max_multiplexing = 4', { keepAlive: Duration.minutes(5) });
  expect(spec).toMatchObject({ keep_alive: 300, max_multiplexing: 4, max_concurrency: 5 });
});
