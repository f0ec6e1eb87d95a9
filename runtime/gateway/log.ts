/** Where the gateway reports what a person running the platform should know. Never shown to callers. */
export interface Log {
  error(message: string, error?: unknown): void;
}
