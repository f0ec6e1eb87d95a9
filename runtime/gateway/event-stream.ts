/** Server-sent events and other bodies that are made while they are sent. */

/** One `data` event. The id is what a client sends back as `Last-Event-ID`. */
export function dataFrame(data: object, id?: string): Uint8Array {
  return ENCODER.encode(`${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
}

/** Keeps intermediaries from closing a quiet connection; clients skip it. */
export const KEEP_ALIVE_FRAME: Uint8Array = new TextEncoder().encode(': keep-alive\n\n');

/** How long a stream may be quiet before it sends a keep-alive frame. */
export const KEEP_ALIVE_MS = 15_000;

export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  // nginx and its kin would hold events back to fill their buffers.
  'x-accel-buffering': 'no',
} as const;

/**
 * A body pulled from `chunks` as the reader takes it. When the reader goes away, `onCancel` must make `chunks` end:
 * a generator can't be interrupted from outside while it waits.
 */
export function streamBody(chunks: AsyncGenerator<Uint8Array>, onCancel: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const next = await chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel(): Promise<void> {
      onCancel();
      await chunks.return(undefined);
    },
  });
}

const ENCODER = new TextEncoder();
