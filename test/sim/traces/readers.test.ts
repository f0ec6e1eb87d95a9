import { join } from 'node:path';
import { Random } from '../../../sim/random';
import { requestsOf } from '../../../sim/trace';
import { azureFunctionsTrace, drawn, parseAzureFunctions } from '../../../sim/traces/azure-functions';
import { azureLlmTrace, parseAzureLlm } from '../../../sim/traces/azure-llm';
import { mooncakeTrace, parseMooncake } from '../../../sim/traces/mooncake';
import { tokenTimeMs } from '../../../sim/traces/token-times';

const ROOT = join(__dirname, '..', '..', '..');
const RATES = { promptPerS: 1000, outputPerS: 10, fixedMs: 5 };

test('a request takes as long as its prompt is read and its answer written', () => {
  expect(tokenTimeMs(2000, 30, RATES)).toBe(5 + 2000 + 3000);
});

test('Azure LLM: arrivals count from the first, to the tenth of a microsecond', () => {
  const lines = [
    'TIMESTAMP,ContextTokens,GeneratedTokens',
    '2023-11-16 18:15:46.5000000,1000,10',
    '2023-11-16 18:16:00.7500001,0,0',
  ];
  expect([...requestsOf(parseAzureLlm(lines, 'conv', RATES))]).toEqual([
    { app: 'conv', arrivalMs: 0, serviceMs: 2005 },
    { app: 'conv', arrivalMs: expect.closeTo(14_250.0001, 3) as number, serviceMs: 5 },
  ]);
});

test('Mooncake: timestamps are milliseconds', () => {
  const lines = ['{"timestamp": 40, "input_length": 1000, "output_length": 10, "hash_ids": [1]}'];
  expect([...requestsOf(parseMooncake(lines, 'm', RATES))]).toEqual([{ app: 'm', arrivalMs: 40, serviceMs: 2005 }]);
});

describe('Azure functions', () => {
  const invocations = ['HashFunction,HashApp,HashOwner,1,2', 'f,a,o,0,3', 'busy,a,o,60,60'];
  const executions = ['HashFunction,…', 'f,a,o,3,200,100,400,100,110,150,200,300,390,400'];

  test('calls arrive within their minute and take from the least to the greatest execution time', () => {
    const requests = [...requestsOf(parseAzureFunctions(invocations, executions, new Random(1), { maxCallsADay: 10 }))];
    expect(requests.map(({ app }) => app)).toEqual(['f', 'f', 'f']);
    for (const { arrivalMs, serviceMs } of requests) {
      expect(Math.floor(arrivalMs / 60_000)).toBe(1);
      expect(serviceMs).toBeGreaterThanOrEqual(100);
      expect(serviceMs).toBeLessThanOrEqual(400);
    }
  });

  test('execution times lie between the percentiles by their share', () => {
    const curve = [100, 110, 150, 200, 300, 390, 400];
    expect([0, 0.25, 0.375, 0.5, 0.995].map((share) => drawn(curve, share))).toEqual([100, 150, 175, 200, 395]);
  });
});

test('the stored files have the requests that their sources say', () => {
  expect(azureLlmTrace(ROOT, 'conv').app.length).toBe(19_366);
  expect(azureLlmTrace(ROOT, 'code').app.length).toBe(8_819);
  expect(mooncakeTrace(ROOT, 'conversation').app.length).toBe(12_031);
  expect(mooncakeTrace(ROOT, 'synthetic').app.length).toBe(3_993);
  const functions = azureFunctionsTrace(ROOT, new Random(1), { maxCallsADay: 500 });
  expect(functions.apps.length).toBeGreaterThan(500);
});
