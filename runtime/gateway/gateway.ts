/** The HTTP API of the platform, put together from its parts. */
import { Hono } from 'hono';
import { routePath } from 'hono/route';
import { v4 as uuid } from 'uuid';
import { adminRoutes } from './admin-routes';
import { AppDirectory } from './app-directory';
import { Authenticator } from './authentication';
import { cors } from './cors';
import type { GatewayDependencies } from './dependencies';
import { DirectCalls } from './direct-calls';
import { errorResponse } from './errors';
import { rerouted } from './fal-hosts';
import { fileRoutes } from './file-routes';
import { FileService } from './file-service';
import { keyValueRoutes } from './key-value-routes';
import { keySetRoutes } from './key-set-routes';
import { playgroundRoutes } from './playground-routes';
import { queueRoutes } from './queue-routes';
import { rootRoutes } from './root-routes';
import { runRoutes } from './run-routes';
import { storageRoutes } from './storage-routes';
import { Submissions } from './submission';
import { SignedTokenAuthority } from './token-authority';
import { tokenRoutes } from './token-routes';
import { uploadRoutes } from './upload-routes';
import { userRoutes } from './user-routes';

/** What `fetch` of the gateway may be given beside the request. */
export interface GatewayCall {
  /** Told which route answered, as it is registered: `/queue/*`. It has nothing of the caller's. */
  readonly onRoute?: (route: string) => void;
}

/**
 * The gateway as a Hono app: `/queue`, `/run`, `/rest` and `/cdn` as at fal's hosts, `/rest/admin` for whoever runs the
 * platform, `/playground` for browsers, and the one app's own paths at the root when only one is served. All that matters is in the stores, so any
 * number may run side by side; only a dropped event stream is best picked up where it was dropped (`StreamReaders`).
 */
export function createGateway(dependencies: GatewayDependencies): Hono {
  const routes = createRoutes(dependencies);
  const gateway = new Hono();
  gateway.use(cors);
  gateway.use(async (context, next) => {
    await next();
    if (!context.res.headers.has(REQUEST_ID)) context.res.headers.set(REQUEST_ID, uuid());
  });
  gateway.all('*', (context) => routes.fetch(rerouted(context.req.raw) ?? context.req.raw, context.env));
  answerErrors(gateway, dependencies);
  return gateway;
}

const REQUEST_ID = 'x-fal-request-id';

function createRoutes(dependencies: GatewayDependencies): Hono {
  const directory = new AppDirectory(dependencies.apps, dependencies.clock);
  const authority = new SignedTokenAuthority(dependencies.secrets, dependencies.clock);
  const authenticator = new Authenticator(dependencies, authority);
  const submissions = new Submissions(dependencies, authenticator, authority);
  const calls = new DirectCalls(dependencies, authenticator, submissions);
  const files = new FileService(dependencies, authenticator, authority);
  const routes = new Hono();
  routes.use(async (context, next) => {
    await next();
    (context.env as GatewayCall | undefined)?.onRoute?.(routePath(context));
  });
  routes.route('/queue', queueRoutes({ dependencies, directory, authenticator, submissions }));
  routes.route('/run', runRoutes(directory, calls));
  routes.route('/rest/admin', adminRoutes(dependencies, authenticator));
  routes.route('/rest', userRoutes(authenticator));
  routes.route('/rest', storageRoutes(files));
  routes.route('/rest', tokenRoutes(authenticator, authority));
  routes.route('/rest', keyValueRoutes(dependencies, authenticator, authority));
  routes.route('/rest', keySetRoutes(dependencies.secrets));
  routes.route('/cdn', uploadRoutes(files));
  routes.route('/cdn', fileRoutes(files));
  routes.route('/playground', playgroundRoutes(dependencies));
  routes.route('/', rootRoutes(dependencies, directory, authenticator, calls));
  answerErrors(routes, dependencies);
  return routes;
}

function answerErrors(app: Hono, { log }: GatewayDependencies): void {
  app.onError((error) => {
    const id = uuid();
    const response = errorResponse(error, id, log);
    if (!response.headers.has(REQUEST_ID)) response.headers.set(REQUEST_ID, id);
    return response;
  });
}
