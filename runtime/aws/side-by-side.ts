/**
 * Works through items, several at once, taking the next one when there is room for it. After a failure no further item is
 * taken; it is thrown when all work in progress has ended.
 */
export async function sideBySide<T>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const remaining = inOrder(items);
  let failed = false;
  const worker = async (): Promise<void> => {
    try {
      for (let item = await remaining.next(); !item.done && !failed; item = await remaining.next()) {
        await work(item.value);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure === undefined) return;
  await remaining.return(undefined);
  throw failure.reason;
}

/** Safe to be asked for the next item before the last one has come. */
async function* inOrder<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, undefined> {
  yield* items;
}
