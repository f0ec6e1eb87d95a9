/** Deploys a CDK app that no file describes: by CloudFormation, or beside it where the code alone changed. */
import { StackSelectionStrategy, type ICloudAssemblySource, type Toolkit } from '@aws-cdk/toolkit-lib';
import { ResourceNames } from '../../runtime/aws-layout';
import { revisionOf } from '../../runtime/aws/deployments';
import { AppRevisions, type RunningRevision } from '../aws/app-revision';
import { appStackName, deployedTemplate, platformStackName } from '../aws/app-stack';
import { NotAllowedError, type AwsAccess } from '../aws/access';
import { whileWaiting } from '../progress';
import { changesBesidesCode, imageTags, type ImageTags, type Template } from './code-change';
import { APP_STACK_ID, inMemoryApp, PLATFORM_STACK_ID, type InMemoryApp } from './in-memory-app';
import { deploymentProblem } from './problem';
import { deployAfterDiff, type DeploymentSteps } from './steps';
import { toolkitFor } from './toolkit';

export interface InMemorySteps extends DeploymentSteps {
  /** Leave everything to CloudFormation. */
  readonly full: boolean;
  /** Something to know on the way. */
  readonly note: (text: string) => void;
}

/** False when nothing was deployed: it was only checked, or the answer was no. */
export async function deployInMemory(wanted: InMemoryApp, access: AwsAccess, steps: InMemorySteps): Promise<boolean> {
  const toolkit = toolkitFor(access);
  const source = await toolkit.fromAssemblyBuilder(async ({ outdir, context = {} }) =>
    inMemoryApp(wanted, outdir, context).synth(),
  );
  const names = new ResourceNames(wanted.platform);
  const revisions = new AppRevisions(names.appParameter(wanted.alias), access);
  const plan = steps.full ? FULL : await planned(source, wanted, revisions, access);
  if (plan.kind === 'code') {
    const done = await deployCode(toolkit, source, revisions, plan, wanted, steps);
    if (done !== 'not allowed') return done;
  } else if (plan.why !== undefined) {
    steps.note(`CloudFormation deploys it: ${plan.why}.`);
  }
  if ((await deployAfterDiff(toolkit, source, steps)) === undefined) return false;
  const aside = await revisions.adoptStackRevision(appStackName(wanted.platform, wanted.alias), wanted.notes);
  if (aside !== undefined) {
    steps.note(`Revision ${aside}, which was deployed beside CloudFormation, is replaced by that of the stack.`);
  }
  return true;
}

interface CodePlan {
  readonly kind: 'code';
  readonly running: RunningRevision;
  readonly tags: ImageTags;
}

type Plan = CodePlan | { readonly kind: 'full'; readonly why?: string };

const NO_TEMPLATE: Template = {};
const FULL: Plan = { kind: 'full' };

/** The code alone where nothing else differs from what CloudFormation has deployed. */
async function planned(
  source: ICloudAssemblySource,
  { platform, alias, withPlatform }: InMemoryApp,
  revisions: AppRevisions,
  access: AwsAccess,
): Promise<Plan> {
  const parameter = new ResourceNames(platform).appParameter(alias);
  const wanted = await templatesOf(source);
  const [app, ofPlatform, running] = await whileWaiting(
    'Comparing with what is deployed',
    Promise.all([
      deployedTemplate(appStackName(platform, alias), access),
      withPlatform ? deployedTemplate(platformStackName(platform), access) : NO_TEMPLATE,
      revisions.running(),
    ]),
  );
  if (app === undefined || ofPlatform === undefined || running === undefined) return FULL;
  const changes = [
    ...changesBesidesCode(app, wanted.get(APP_STACK_ID) ?? {}, parameter),
    ...(withPlatform ? changesBesidesCode(ofPlatform, wanted.get(PLATFORM_STACK_ID) ?? {}, parameter) : []),
  ];
  if (changes.length > 0) return { kind: 'full', why: `more than the code changes (${listed(changes)})` };
  const tags = imageTags(wanted.get(APP_STACK_ID) ?? {});
  return tags === undefined
    ? { kind: 'full', why: 'its images are not built by Docker' }
    : { kind: 'code', running, tags };
}

async function templatesOf(source: ICloudAssemblySource): Promise<ReadonlyMap<string, Template>> {
  try {
    const produced = await source.produce();
    try {
      const stacks = produced.cloudAssembly.stacks;
      return new Map(stacks.map(({ hierarchicalId, template }) => [hierarchicalId, template as Template]));
    } finally {
      await produced.dispose();
    }
  } catch (error) {
    throw deploymentProblem(error);
  }
}

/** `not allowed`: these credentials may deploy by CloudFormation alone. */
async function deployCode(
  toolkit: Toolkit,
  source: ICloudAssemblySource,
  revisions: AppRevisions,
  { running, tags }: CodePlan,
  { notes }: InMemoryApp,
  { check, confirm, note }: InMemorySteps,
): Promise<boolean | 'not allowed'> {
  const changed = Object.keys(tags).filter((container) => tags[container] !== running.tags[container]);
  const before = revisionOf(running.deployment.taskDefinition);
  if (changed.length === 0) {
    note(`Nothing changed: revision ${before} has this code.`);
    return !check;
  }
  note(
    `The code alone changes (image of ${changed.join(' and ')}): a new revision after ${before}, without CloudFormation.`,
  );
  if (check || !(await confirm())) return false;
  try {
    const stacks = { strategy: StackSelectionStrategy.PATTERN_MUST_MATCH, patterns: [APP_STACK_ID] };
    await toolkit.publishAssets(source, { stacks });
  } catch (error) {
    throw deploymentProblem(error);
  }
  try {
    await revisions.replaceImages(running, tags, notes);
    return true;
  } catch (error) {
    if (!(error instanceof NotAllowedError)) throw error;
    note(`CloudFormation deploys it: ${error.message}.`);
    return 'not allowed';
  }
}

const LISTED = 3;

function listed(changes: readonly string[]): string {
  const more = changes.length > LISTED ? ` and ${changes.length - LISTED} more` : '';
  return `${changes.slice(0, LISTED).join(', ')}${more}`;
}
