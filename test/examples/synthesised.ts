/** The CDK apps of examples/, synthesised as `cdk synth` does it, with cdk-nag beside the CDK's own checks. */
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validations, type App, type PolicyValidationPluginReport } from 'aws-cdk-lib';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { CodePipeline } from 'aws-cdk-lib/pipelines';
import flags from 'aws-cdk-lib/recommended-feature-flags.json';
import type { IConstruct } from 'constructs';
import { AwsSolutionsChecks } from 'cdk-nag';

export const EXAMPLES = join(__dirname, '../../examples');

/** Folders that have a CDK app in a language. */
export function examplesWith(file: string): readonly string[] {
  return readdirSync(EXAMPLES).filter((topic) => existsSync(join(EXAMPLES, topic, file)));
}

/** As `cdk init` writes it into a new CDK app. */
export const CONTEXT = {
  ...flags,
  // `Fn::GetStackOutput`, which the other settings write, is unknown to cfn-lint.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
  'aws:cdk:analytics-reporting': false,
  'aws:cdk:disable-stack-trace': true,
};

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

export interface Synthesised {
  readonly templates: Readonly<Record<string, Template>>;
  /** Paths of the templates. */
  readonly files: readonly string[];
  /** What cdk-nag and the CDK's own validation found, in words. */
  readonly findings: readonly string[];
  /** What the CDK says to whoever deploys it. */
  readonly warnings: readonly string[];
}

interface ValidationReport {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string;
      readonly description: string;
      readonly violatingConstructs: readonly { readonly constructPath?: string }[];
    }[];
  }[];
}

export async function synthesised(topic: string): Promise<Synthesised> {
  const outdir = mkdtempSync(join(tmpdir(), `example-${topic}-`));
  const app = await appOf(topic, outdir);
  Validations.of(app).addPlugins(new ChecksOfOurs(app));
  const printed = jest.spyOn(console, 'error').mockImplementation();
  const exitCode = process.exitCode;
  const assembly = app.synth();
  process.exitCode = exitCode;
  printed.mockRestore();
  return { ...templatesOf(assembly), findings: findingsIn(outdir), warnings: warningsOf(assembly) };
}

/** The app takes its output folder and its context from the environment, as from the CDK's command line. */
async function appOf(topic: string, outdir: string): Promise<App> {
  const { CDK_OUTDIR, CDK_CONTEXT_JSON } = process.env;
  Object.assign(process.env, {
    CDK_OUTDIR: outdir,
    CDK_CONTEXT_JSON: JSON.stringify(CONTEXT),
  });
  try {
    const { app } = (await import(join(EXAMPLES, topic, 'cdk-app.ts'))) as { readonly app: App };
    return app;
  } finally {
    Object.assign(process.env, { CDK_OUTDIR: CDK_OUTDIR ?? '', CDK_CONTEXT_JSON: CDK_CONTEXT_JSON ?? '' });
  }
}

/** cdk-nag, but for what CDK Pipelines makes by itself. */
class ChecksOfOurs extends AwsSolutionsChecks {
  override validateScope(scope: IConstruct): PolicyValidationPluginReport {
    const pipelines = scope.node.findAll().filter((construct) => construct instanceof CodePipeline);
    const ofPipeline = (path = ''): boolean => pipelines.some(({ node }) => path.startsWith(`${node.path}/`));
    const violations = super.validateScope(scope).violations.flatMap((violation) => {
      const violatingResources = violation.violatingResources.filter(({ constructPath }) => !ofPipeline(constructPath));
      return violatingResources.length === 0 ? [] : [{ ...violation, violatingResources }];
    });
    return { success: violations.length === 0, violations };
  }
}

export function templatesOf(assembly: CloudAssembly): Pick<Synthesised, 'templates' | 'files'> {
  const stacks = assembly.stacksRecursively;
  return {
    templates: Object.fromEntries(stacks.map((stack) => [stack.hierarchicalId, stack.template as Template])),
    files: stacks.map(({ templateFullPath }) => templateFullPath),
  };
}

/**
 * A template to be read and compared: a line for each property, references as `<Id>` and `<Id.Attribute>`, without what
 * differs from build to build.
 */
export function inWords({ Resources, ...rest }: Template): string {
  const resources = Object.entries(Resources).flatMap(([id, { Type, Properties = {}, ...attributes }]) => [
    `${id}: ${Type}`,
    ...Object.entries({ ...Properties, ...attributes }).map(([name, value]) => `  ${name}: ${compact(value)}`),
  ]);
  const others = Object.entries(rest).map(([name, value]) => `${name}: ${compact(value)}`);
  return [...resources, ...others].join('\n').replaceAll(/[0-9a-f]{64}|(?<=(?:agent|app)-)[0-9a-f]{32}/g, '<hash>');
}

function compact(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (isCall(inner) ? flat(inner) : inner));
}

function isCall(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && ['Ref', 'Fn::GetAtt', 'Fn::Join'].includes(keys[0] ?? '');
}

/** References in a text as cdk-nag writes them. */
export function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const [call, argument] = Object.entries(value as object)[0] ?? [];
  if (call === 'Ref') return `<${String(argument)}>`;
  if (call === 'Fn::GetAtt') return `<${(argument as string[]).join('.')}>`;
  if (call === 'Fn::Join' && Array.isArray((argument as unknown[])[1])) {
    const [separator, parts] = argument as [string, readonly unknown[]];
    return parts.map(flat).join(separator);
  }
  return `<${JSON.stringify(value)}>`;
}

function findingsIn(outdir: string): readonly string[] {
  const path = join(outdir, 'validation-report.json');
  if (!existsSync(path)) return [];
  const { pluginReports } = JSON.parse(readFileSync(path, 'utf8')) as ValidationReport;
  return pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, description, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName} at ${constructPath ?? '?'}: ${description}`),
    ),
  );
}

function warningsOf(assembly: CloudAssembly): readonly string[] {
  return assembly.stacksRecursively.flatMap((stack) =>
    stack.messages.map(({ id, entry }) => `${id}: ${JSON.stringify(entry.data)}`),
  );
}
