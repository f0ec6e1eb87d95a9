/** The gateway as a container's program: for WebSocket, heavy polling, large uploads and calls over 15 minutes. */
import { GATEWAY_CONTAINER, VARIABLE } from '../runtime/aws-layout';
import { variable } from './environment';
import { openGateway } from './gateway-platform';
import { GatewayReport } from './gateway-report';
import { GatewayServer } from './gateway-server';

/** fal's own limit for an upload in one piece. */
const MAX_BODY_BYTES = 100 * 1024 ** 2;

/** What is left for the last answers when a task is stopped. */
const RESERVED_MS = 10_000;

async function main(): Promise<void> {
  const report = new GatewayReport(variable(VARIABLE.platform));
  const gateway = openGateway({
    settings: { maxBodyBytes: MAX_BODY_BYTES },
    log: report,
    // The process is at work anyway.
    waitUntil: () => undefined,
  });
  const server = await GatewayServer.start({
    answer: async (request) => {
      const response = await gateway.fetch(request);
      report.answered(request, response);
      return response;
    },
    port: Number(process.env.PORT ?? GATEWAY_CONTAINER.port),
  });
  report.info(`The gateway listens on port ${server.port}`);
  process.once('SIGTERM', () => {
    void server.close(GATEWAY_CONTAINER.stopTimeoutSeconds * 1000 - RESERVED_MS).then(() => process.exit(0));
  });
}

await main();
