/** A stack that is deployed by the CDK's toolkit for one test run, and deleted after it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NonInteractiveIoHost, StackSelectionStrategy, Toolkit, type ICloudAssemblySource } from '@aws-cdk/toolkit-lib';
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AppSource, ServerlessGpuApp, ServerlessGpuPlatform } from '../../lib';
import { ResourceNames } from '../../runtime/aws-layout';
import type { TestAccount } from './test-account';

const OCR = join(__dirname, '..', '..', 'examples', 'ocr', 'app.py');
const PROBE = join(__dirname, 'apps', 'probe.py');

export class DeployedStack {
  /** Of this run alone; the platform has the same name. */
  readonly name = `sgpu-test-${randomBytes(4).toString('hex')}`;
  readonly names = new ResourceNames(this.name);
  /** ARN of the stack: it can be asked for by it when it is deleted, too. */
  arn = '';
  readonly #toolkit = new Toolkit({
    ioHost: new NonInteractiveIoHost({ logLevel: 'info' }),
    color: false,
    emojis: false,
  });
  #outdir = '';
  #source: ICloudAssemblySource | undefined;
  #outputs: Readonly<Record<string, string>> = {};

  constructor(private readonly env: TestAccount) {}

  /** Where callers reach the gateway. */
  get url(): string {
    const url = Object.entries(this.#outputs).find(([name]) => name.startsWith('PlatformUrl'))?.[1];
    if (url === undefined) throw new Error(`The stack has no URL among its outputs: ${JSON.stringify(this.#outputs)}`);
    return url.replace(/\/$/, '');
  }

  /** The template in a cloud assembly. Needs no account but for the zones of its region. */
  async synthesise(): Promise<ICloudAssemblySource> {
    this.#outdir = await mkdtemp(join(tmpdir(), 'account-'));
    this.#source = await this.#toolkit.fromAssemblyBuilder(
      async ({ outdir, context = {} }) => this.app(outdir, context).synth(),
      { outdir: this.#outdir },
    );
    return this.#source;
  }

  async deploy(): Promise<void> {
    const { stacks } = await this.#toolkit.deploy(await this.synthesise(), {
      stacks: { strategy: StackSelectionStrategy.ALL_STACKS },
    });
    this.arn = stacks[0]?.stackArn ?? '';
    this.#outputs = stacks[0]?.outputs ?? {};
  }

  /** Also of a stack whose deployment failed. */
  async destroy(): Promise<void> {
    if (this.#source === undefined) return;
    await this.#toolkit.destroy(this.#source, { stacks: { strategy: StackSelectionStrategy.ALL_STACKS } });
    await rm(this.#outdir, { recursive: true, force: true });
  }

  private app(outdir: string | undefined, context: Readonly<Record<string, unknown>>): App {
    const app = new App({
      analyticsReporting: false,
      context: { ...context },
      ...(outdir === undefined ? {} : { outdir }),
    });
    const stack = new Stack(app, this.name, { env: this.env, description: 'A test that deletes itself' });
    const platform = new ServerlessGpuPlatform(stack, 'Platform', {
      platformName: this.name,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new ServerlessGpuApp(stack, 'Ocr', { source: AppSource.falApp(OCR), platform });
    new ServerlessGpuApp(stack, 'Probe', { source: AppSource.falApp(PROBE), platform });
    return app;
  }
}
