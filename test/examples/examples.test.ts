import { cfnLint } from './cfn-lint';
import { examplesWith, inWords, synthesised, type Synthesised } from './synthesised';

describe.each(examplesWith('cdk-app.ts'))('examples/%s', (topic) => {
  let example: Synthesised;

  beforeAll(async () => {
    example = await synthesised(topic);
  });

  test("keeps to cdk-nag's AwsSolutions and to the CDK's own rules, or says why not", () => {
    expect(example.findings).toEqual([]);
  });

  test('is synthesised without a warning', () => {
    expect(example.warnings).toEqual([]);
  });

  test('is found good by cfn-lint', async () => {
    expect(await cfnLint(example.files)).toEqual([]);
  });

  test('becomes these templates', () => {
    const stacks = Object.entries(example.templates).map(([id, template]) => `${id}\n\n${inWords(template)}`);
    expect(stacks.join('\n\n')).toMatchSnapshot();
  });
});
