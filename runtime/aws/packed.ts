/**
 * Records as DynamoDB stores them: small, since a write is paid by the KB. A record is JSON, with bytes behind it where it
 * has a body, deflated with a dictionary of what all records share. A typical request takes a third of its JSON.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** The first byte of what is stored. A changed dictionary gets a number of its own; the old one stays to read with. */
const PLAIN = 0;
const DEFLATED = 1;

export interface Unpacked {
  readonly record: unknown;
  readonly bytes: Uint8Array;
}

/** Throws for a record that JSON can't say. */
export function packed(record: unknown, bytes: Uint8Array = EMPTY): Uint8Array {
  const plain = Buffer.concat([Buffer.from(JSON.stringify(record)), SEPARATOR, bytes]);
  const deflated = deflateRawSync(plain, { dictionary: DICTIONARY, level: 9 });
  return deflated.length < plain.length ? prefixed(DEFLATED, deflated) : prefixed(PLAIN, plain);
}

export function unpacked(stored: Uint8Array): Unpacked {
  const [format, content] = [stored[0], stored.subarray(1)];
  if (format !== PLAIN && format !== DEFLATED) throw new Error(`Stored by a newer version (format ${format})`);
  const plain = format === PLAIN ? Buffer.from(content) : inflateRawSync(content, { dictionary: DICTIONARY });
  const end = plain.indexOf(SEPARATOR);
  return { record: JSON.parse(plain.toString('utf8', 0, end)), bytes: plain.subarray(end + 1) };
}

function prefixed(format: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(format), content]);
}

const EMPTY = new Uint8Array();

/** JSON has no line break outside of strings, and escapes those inside. */
const SEPARATOR = Buffer.from('\n');

/** What is common comes last: deflate says near matches in fewer bits. */
const DICTIONARY = Buffer.from(
  [
    '"kind":"response","kind":"chunk","kind":"log","level":"INFO","level":"info","message":"',
    '"errorType":"request_timeout","error":"Request timed out before a runner started it","timeoutType":"user"',
    '"errorType":"runner_disconnected","error":"The runner was lost before it answered","deadLetter":true',
    '"errorType":"client_cancelled","error":"Request was cancelled","cancelled":true,"cancelRequested":true',
    '"drain":{"reason":"","deadline":1},"exit":"retired","exitReason":"","waitingFor":"","failedStarts":0',
    '"state":"PENDING","state":"SETUP","state":"IDLE","state":"RUNNING","state":"DRAINING","state":"TERMINATED"',
    '"revision":"","stateSince":1,"readyAt":1,"inFlight":0,"served":0,"idleSince":1,"heartbeatAt":1,"hints":[]',
    '"webhook":{"url":"https://","state":"pending","attempts":0,"nextAt":1},"discardPayload":true,"hint":"',
    '"preferred":{"runner":"","until":1},"startDeadline":1,"notBefore":1,"retries":{"server_error":1},',
    '"x-fal-request-id":"","x-fal-object-lifecycle-preference":"","x-fal-store-io":"0","x-fal-cdn-token":"',
    '"accept":"*/*","accept-encoding":"gzip, deflate, br","accept-language":"*","user-agent":"python-httpx/',
    '"sec-fetch-mode":"cors","user-agent":"fal-client/',
    '"x-forwarded-for":"","x-forwarded-proto":"https","host":"',
    '{"status":200,"headers":{"content-type":"application/json","content-length":"',
    '{"images":[{"url":"https://","content_type":"image/png","width":1024,"height":1024}],"seed":',
    '{"method":"POST","target":"/","headers":{"content-type":"application/json"}}\n{"prompt":"","image_url":"https://',
    '{"id":"01',
    '-7',
    '-8',
    '","app":"',
    '","path":"/predict","mode":"queue","caller":"","priority":"normal","submittedAt":1',
    '"retry":{},"state":"IN_QUEUE","attempt":0,"refunds":0,"retries":{},"version":1}',
    '"state":"IN_PROGRESS","attempt":1,"refunds":0,"startedAt":1,"lease":{"runner":"01","expiresAt":1},"version":2}',
    '"state":"COMPLETED","outcome":{"status":200,"inferenceTime":0.},"completedAt":1,"expiresAt":1,"version":3}',
  ].join(''),
);
