/** Deletes the custom resources of a stack as CloudFormation would: it calls their function and waits for the answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { CustomResource } from './emulated-account';
import type { LambdaProcess } from './lambda-process';

/** What the function answered, in order. What depends on another goes first. */
export async function deleteTeardowns(
  resources: Iterable<CustomResource>,
  lifecycle: LambdaProcess,
): Promise<readonly unknown[]> {
  const answers = await ResponseUrl.listen();
  try {
    const teardowns = [...resources].filter(({ type }) => type.includes('Teardown'));
    for (const { logicalId, properties } of teardowns.reverse()) {
      await lifecycle.invoke({
        ...{ RequestType: 'Delete', ResponseURL: answers.url, StackId: 'stack', RequestId: logicalId },
        ...{ LogicalResourceId: logicalId, PhysicalResourceId: logicalId, ResourceProperties: properties },
      });
    }
    return answers.received;
  } finally {
    answers.close();
  }
}

/** Where custom resources answer. */
class ResponseUrl {
  readonly received: unknown[] = [];

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void text(request).then((body) => {
        this.received.push(JSON.parse(body));
        response.end();
      });
    });
  }

  static async listen(): Promise<ResponseUrl> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ResponseUrl(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.server.close();
  }
}
