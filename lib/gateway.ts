/** Where callers reach the platform. */
export class Gateway {
  /**
   * A Lambda function URL that streams its answers. Without a domain, and without cost while nobody calls.
   *
   * Everybody may reach the URL; the gateway checks the API key of each call. An upload goes to S3 directly, because a
   * body has 6 MB at most. A call that waits for its result is answered within 14 minutes, or not at all: use the
   * queue for longer ones.
   */
  public static functionUrl(): Gateway {
    return new Gateway('function-url');
  }

  private constructor(
    /** @internal */
    public readonly _kind: 'function-url',
  ) {}
}
