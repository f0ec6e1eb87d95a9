/**
 * The whole platform in one process: gateway, controller and agents over the local adapters. It owns its state folder;
 * everything it accepted is there when it starts again.
 */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Controller } from '../runtime/controller/controller';
import { WebhookDelivery } from '../runtime/controller/webhook-delivery';
import type { AppRecord } from '../runtime/domain/app';
import { deployed, reopened } from '../runtime/domain/revisions';
import { UserError } from '../runtime/domain/user-error';
import { createGateway } from '../runtime/gateway/gateway';
import type { GatewayDependencies } from '../runtime/gateway/dependencies';
import { WebSocketGateway } from '../runtime/gateway/web-socket-gateway';
import { PythonEnvironments } from '../runtime/local/python-environments';
import { RequestQueue } from '../runtime/queue/request-queue';
import { listen, type HttpServer } from './http-server';
import { appKey, firstOwnerKey } from './keys';
import { recover } from './recovery';
import type { PlatformReport } from './report';
import { RunnerProcesses } from './runner-processes';
import type { ServedApp } from './served-app';
import { openStores, type Stores } from './stores';
import { trustVariables } from './trusted-certificates';

export interface PlatformOptions {
  readonly apps: readonly ServedApp[];
  /** The user who owns the apps: the first part of every app id. */
  readonly owner: string;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Speak HTTPS too, on the same port, with a certificate of a development CA in the state folder. */
  readonly https: boolean;
  /** Ask every caller for a key. */
  readonly requireKey: boolean;
  readonly stateFolder: string;
  /** Where Python environments are kept, shared by all platforms of the user. */
  readonly cacheFolder: string;
  /** The folder `runner-image/python` of this package. */
  readonly pythonFolder: string;
  /** The page of the playground, made by `npm run build`. */
  readonly playgroundPage: string;
  readonly report: PlatformReport;
}

export interface Platform {
  /** `http://127.0.0.1:8000` */
  readonly url: string;
  /** The same by HTTPS, and the development CA that clients must trust; only with `https`. */
  readonly secure?: { readonly url: string; readonly caPath: string };
  /** Whether callers need a key. */
  readonly requireKey: boolean;
  /** The owner's ADMIN key, `id:secret`, only when it was made just now: it can't be read again. */
  readonly newKey?: string;
  /** Drains the runners, each within its app's grace period, and closes the state. */
  close(): Promise<void>;
}

/** How often the controller looks around when nobody pokes it. */
const TICK_MS = 1_000;

/** fal's own limit for an upload in one piece. */
const MAX_BODY_BYTES = 100 * 1024 * 1024;

/** Starts the platform. A UserError says what the user must mend: a taken port, a state folder in use. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  refuseTwins(options.apps);
  const stores = await openStores(options.stateFolder);
  try {
    return await assemble(options, stores);
  } catch (error) {
    stores.close();
    throw error;
  }
}

async function assemble(options: PlatformOptions, stores: Stores): Promise<Platform> {
  const { apps, owner, requireKey, report } = options;
  const queue = new RequestQueue({ store: stores.requests, doorbell: stores.doorbell, clock: stores.clock });
  const served = new Map(apps.map((app) => [app.record.id, app]));
  const environments = new PythonEnvironments({
    cacheDirectory: join(options.cacheFolder, 'environments'),
    closureRequirements: join(options.pythonFolder, 'requirements.txt'),
    report: (line) => {
      report.progress('', line);
    },
  });
  const key = await appKey(stores, owner);
  const serveProgram = join(options.pythonFolder, 'serve.py');
  const volumesFolder = join(options.stateFolder, 'volumes');
  const runners = await RunnerProcesses.open({
    stores,
    queue,
    served,
    report,
    stateFolder: options.stateFolder,
    surroundings: async () => ({
      environments,
      serveProgram,
      volumesFolder,
      platformUrl: server.url,
      appKey: key,
      trust: await trust,
    }),
  });
  await recover(stores, queue, [...served.keys()]);
  for (const { record } of apps) await deploy(stores, record);

  const { controller, webhooks } = createController(stores, queue, runners, report);
  const surroundings: GatewayDependencies = {
    ...stores,
    queue,
    settings: { owner, requireKey, maxBodyBytes: MAX_BODY_BYTES },
    poke: (app) => void controller.poke(app),
    pokeForRequest: ({ id }) => void controller.poke(id),
    playground: () => readFile(options.playgroundPage, 'utf8'),
    log: { error: report.failure.bind(report) },
  };
  const webSockets = new WebSocketGateway({ ...surroundings, relay: stores.relay });
  const server: HttpServer = await listen(
    { gateway: createGateway(surroundings), webSockets },
    { ...options, certificateFolder: options.stateFolder },
  );
  const trust = trustVariables(server.secure?.caPath, options.stateFolder);
  const ticks = setInterval(() => void controller.tick(), TICK_MS);
  void controller.tick();

  const newKey = requireKey ? await firstOwnerKey(stores, owner) : undefined;
  return {
    url: server.url,
    requireKey,
    ...(server.secure === undefined ? {} : { secure: server.secure }),
    ...(newKey === undefined ? {} : { newKey }),
    close: async () => {
      clearInterval(ticks);
      await controller.close();
      await runners.close(longestGrace(apps));
      await webhooks.close();
      await webSockets.close();
      await server.close();
      stores.close();
    },
  };
}

/** Earlier revisions can't be fallen back to here: their files are overwritten. What is served again is not removed. */
async function deploy({ apps, clock }: Stores, record: AppRecord): Promise<void> {
  const { earlier: _gone, ...next } = reopened(deployed(await apps.get(record.id), record, clock.now()));
  await apps.put(next);
}

function createController(
  stores: Stores,
  queue: RequestQueue,
  { fleet }: RunnerProcesses,
  report: PlatformReport,
): { readonly controller: Controller; readonly webhooks: WebhookDelivery } {
  const onError = (error: unknown, doing: string): void => {
    report.failure(doing, error);
  };
  const webhooks = new WebhookDelivery({ ...stores, allowPrivateWebhooks: true, onError });
  const controller = new Controller({
    ...stores,
    registry: stores.runners,
    queue,
    fleet,
    webhooks,
    onError,
    onDecision: (decision) => {
      report.decision(decision);
    },
  });
  return { controller, webhooks };
}

function longestGrace(apps: readonly ServedApp[]): number {
  return Math.max(0, ...apps.map(({ record }) => record.spec.termination_grace_period_seconds)) * 1000;
}

function refuseTwins(apps: readonly ServedApp[]): void {
  const seen = new Map<string, ServedApp>();
  for (const app of apps) {
    const twin = seen.get(app.record.id);
    if (twin !== undefined) {
      const both = `${placeOf(twin)} and ${placeOf(app)}`;
      throw new UserError(`Two apps are named '${app.record.spec.name}': ${both}. Give one another name${mend(app)}`);
    }
    seen.set(app.record.id, app);
  }
}

function placeOf({ source }: ServedApp): string {
  return source.kind === 'fal' ? `${source.name} in ${relative(process.cwd(), source.file)}` : 'the one of --exec';
}

function mend({ source }: ServedApp): string {
  return source.kind === 'fal' ? `, such as class ${source.name}(fal.App, name="…")` : ' by --name';
}
