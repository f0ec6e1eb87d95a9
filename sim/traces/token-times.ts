/**
 * How long a language-model request keeps a runner busy. The traces give tokens, not times; assumed is one request at a
 * time on one GPU: the prompt is read in parallel, the answer written token by token.
 */
export interface TokenRates {
  /** Prompt tokens read a second. */
  readonly promptPerS: number;
  /** Tokens written a second. */
  readonly outputPerS: number;
  /** Overhead of a request, ms. */
  readonly fixedMs: number;
}

/** About an 8-billion-parameter model on one GPU of the A10G to L40S class; a modelling assumption, no measurement. */
export const TOKEN_RATES: TokenRates = { promptPerS: 4_000, outputPerS: 40, fixedMs: 50 };

export function tokenTimeMs(promptTokens: number, outputTokens: number, rates: TokenRates = TOKEN_RATES): number {
  return rates.fixedMs + (1000 * promptTokens) / rates.promptPerS + (1000 * outputTokens) / rates.outputPerS;
}
