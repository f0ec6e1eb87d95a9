/**
 * Azure LLM inference trace 2023: requests to two services in one hour, 2023-11-16 from 18:15. Attribution: Azure LLM
 * inference trace 2023, Splitwise, ISCA'24; github.com/Azure/AzurePublicDataset @ b469a11, CC-BY-4.0 (licence beside the
 * data). Assumed: each service is one app, service times by `tokenTimeMs`.
 */
import { traceOf, type Trace } from '../trace';
import { dataLines } from './data-file';
import { tokenTimeMs, type TokenRates } from './token-times';

export type AzureLlmService = 'conv' | 'code';

export function azureLlmTrace(root: string, service: AzureLlmService, rates?: TokenRates): Trace {
  const lines = dataLines(root, `azure_llm/AzureLLMInferenceTrace_${service}_2023.csv.gz`);
  return parseAzureLlm(lines, `azure-llm-${service}`, rates);
}

/** Reads lines of `TIMESTAMP,ContextTokens,GeneratedTokens` below a header; the first arrival is time 0. */
export function parseAzureLlm(lines: readonly string[], app: string, rates?: TokenRates): Trace {
  const rows = lines.slice(1).map((line) => {
    const [timestamp = '', prompt, output] = line.split(',');
    return { at: timestampMs(timestamp), serviceMs: tokenTimeMs(Number(prompt), Number(output), rates) };
  });
  const start = rows.reduce((least, { at }) => Math.min(least, at), Infinity);
  return traceOf(rows.map(({ at, serviceMs }) => ({ app, arrivalMs: at - start, serviceMs })));
}

/** `2023-11-16 18:15:46.6805900`, whose last digits are 100 ns. */
function timestampMs(timestamp: string): number {
  const [seconds = '', fraction = '0'] = timestamp.split('.');
  return Date.parse(`${seconds.replace(' ', 'T')}Z`) + 1000 * Number(`0.${fraction}`);
}
