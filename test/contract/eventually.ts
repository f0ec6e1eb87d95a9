/**
 * Repeats an assertion until it holds. For what a port promises soon rather than at once: an index that lags some
 * milliseconds behind its table, a process that is about to end.
 */
export async function eventually<T>(assertion: () => Promise<T>, patienceMs = 20_000): Promise<T> {
  const until = Date.now() + patienceMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
