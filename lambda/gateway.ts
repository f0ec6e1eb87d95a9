/** The gateway as a Lambda function behind a function URL. */
import { VARIABLE } from '../runtime/aws-layout';
import type { GatewayCall } from '../runtime/gateway/gateway';
import { Background } from './background';
import { openCallTrace } from './call-trace';
import { variable } from './environment';
import { openGateway } from './gateway-platform';
import { GatewayReport } from './gateway-report';
import { refusedWebSocket } from './refused-web-socket';
import { urlHandler } from './url-handler';

/** Lambda takes events of 6 MB, in which a body of bytes is a third longer than it was. */
const MAX_BODY_BYTES = 6 * 1024 ** 2;
const MAX_TRANSFER_BYTES = 4.5 * 1024 ** 2;

const background = new Background();
const report = new GatewayReport(variable(VARIABLE.platform));
const traced = await openCallTrace('gateway');
const gateway = openGateway({
  // A stream that broke off is picked up by another process than this one, which only ever has one call.
  settings: { maxBodyBytes: MAX_BODY_BYTES, maxTransferBytes: MAX_TRANSFER_BYTES, streamResumeMs: Infinity },
  log: report,
  waitUntil: background.add,
});

export const handler = awslambda.streamifyResponse(
  urlHandler({
    answer: (request) =>
      traced(async (notes) => {
        const onRoute = (route: string): void => {
          notes.route = `${request.method} ${route}`;
        };
        const call: GatewayCall = { onRoute };
        const response = refusedWebSocket(request) ?? (await gateway.fetch(request, call));
        notes.status = response.status;
        return response;
      }),
    background,
    onAnswer: (request, response) => {
      report.answered(request, response);
    },
  }),
);
