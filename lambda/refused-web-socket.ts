/** A function can't keep a connection, so whoever asks it for a WebSocket is told what can. */

/** The answer to a request for a WebSocket; `undefined` for any other. Proxies may take `Upgrade` away, the key stays. */
export function refusedWebSocket({ headers }: Request): Response | undefined {
  const asked = headers.get('upgrade')?.toLowerCase() === 'websocket' || headers.has('sec-websocket-key');
  return asked ? Response.json({ detail: DETAIL }, { status: 501 }) : undefined;
}

const DETAIL =
  'The gateway of this platform is a Lambda function, which takes no WebSockets. Deploy it as a container: ' +
  '`gateway: Gateway.container({ domainName, certificate })` of the ServerlessGpuPlatform';
