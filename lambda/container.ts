/** The gateway as a container's program: for WebSocket, heavy polling, large uploads and calls over 15 minutes. */
import { GATEWAY_CONTAINER, VARIABLE } from '../runtime/aws-layout';
import { createGateway } from '../runtime/gateway/gateway';
import { RelayServer } from '../runtime/gateway/relay-server';
import { WebSocketGateway } from '../runtime/gateway/web-socket-gateway';
import { variable } from './environment';
import { openPlatform } from './gateway-platform';
import { GatewayReport } from './gateway-report';
import { GatewayServer } from './gateway-server';
import { taskAddress } from './task-address';

/** fal's own limit for an upload in one piece. */
const MAX_BODY_BYTES = 100 * 1024 ** 2;

/** What is left for the last answers, and for goodbyes of WebSockets, when a task is stopped. */
const RESERVED_MS = 10_000;

async function main(): Promise<void> {
  const report = new GatewayReport(variable(VARIABLE.platform));
  const { relayAddresses, ...platform } = openPlatform({
    settings: { maxBodyBytes: MAX_BODY_BYTES },
    log: report,
    // The process is at work anyway.
    waitUntil: () => undefined,
  });
  const gateway = createGateway(platform);
  const relay = await RelayServer.start({
    addresses: relayAddresses,
    host: await taskAddress(),
    port: Number(process.env.RELAY_PORT ?? GATEWAY_CONTAINER.relayPort),
  });
  const webSockets = new WebSocketGateway({ ...platform, relay });
  const server = await GatewayServer.start({
    answer: async (request) => {
      const response = await gateway.fetch(request);
      report.answered(request, response);
      return response;
    },
    webSockets,
    port: Number(process.env.PORT ?? GATEWAY_CONTAINER.port),
  });
  report.info(`The gateway listens on port ${server.port}, and for runners at ${relay.url}`);
  process.once('SIGTERM', () => {
    const seconds = Number(process.env.STOP_TIMEOUT_SECONDS ?? GATEWAY_CONTAINER.stopTimeoutSeconds);
    const graceMs = Math.max(0, seconds * 1000 - RESERVED_MS);
    // Runners are needed to the end: callers who leave are said goodbye to in their apps.
    void Promise.all([server.close(graceMs), webSockets.drain(graceMs)])
      .then(() => relay.close())
      .then(() => process.exit(0));
  });
}

await main();
