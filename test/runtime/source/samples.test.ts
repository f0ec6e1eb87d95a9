/** The Python that the documents of the product print, unchanged, one file for each class or function. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AppSpec } from '../../../runtime/domain/app-spec';
import { readFalSource, specFromSource } from '../../../runtime/source/fal-source';

const FOLDER = join(__dirname, 'samples');
const read = (file: string): ReturnType<typeof readFalSource> => {
  return readFalSource(readFileSync(join(FOLDER, file), 'utf8'), { file });
};

interface Sample {
  readonly spec: Partial<AppSpec>;
  readonly endpoints?: readonly string[];
}

const A100 = { machine_type: ['GPU-A100'] };
const H100 = { machine_type: ['GPU-H100'] };
const TORCH = ['torch', 'transformers'];

const SAMPLES: Readonly<Record<string, Sample>> = {
  'app-with-storage.py': {
    spec: {
      ...A100,
      name: 'app-with-storage',
      requirements: [TORCH],
      volumes: { '/data': 'model-cache', '/outputs': 'generated-outputs' },
    },
    endpoints: ['/generate'],
  },
  'background-app.py': { spec: { ...A100, name: 'background-app' }, endpoints: ['/process'] },
  'batch-processor.py': { spec: { ...H100, name: 'batch-processor' }, endpoints: ['/batch'] },
  'custom-container.py': { spec: { ...A100, name: 'my-model' }, endpoints: ['/'] },
  'ellipsis-body.py': { spec: { name: 'my-app', keep_alive: 300 } },
  'high-throughput.py': { spec: { ...H100, min_concurrency: 2, max_concurrency: 10 } },
  'image-generator.py': {
    spec: {
      ...A100,
      requirements: [['torch', 'diffusers', 'transformers', 'accelerate', 'safetensors']],
      keep_alive: 600,
      max_concurrency: 2,
      volumes: { '/data': 'diffusion-models' },
    },
    endpoints: ['/generate'],
  },
  'large-model.py': { spec: { ...H100, num_gpus: 4 } },
  'model-with-storage.py': { spec: { ...A100, volumes: { '/models': 'model-cache', '/data': 'user-data' } } },
  'multi-gpu-app.py': { spec: { ...H100, name: 'multi-g-p-u-app', num_gpus: 4 } },
  'multi-modal-app.py': {
    spec: { ...A100, requirements: [[...TORCH, 'Pillow']] },
    endpoints: ['/analyze-text', '/analyze-image', '/', '/health'],
  },
  'my-app-2.py': { spec: { name: 'my-app', machine_type: ['S'] }, endpoints: ['/predict'] },
  'my-app.py': {
    spec: {
      ...A100,
      num_gpus: 1,
      requirements: [['torch>=2.0.0', 'transformers>=4.35.0', 'accelerate']],
      keep_alive: 300,
      min_concurrency: 0,
      max_concurrency: 4,
    },
    endpoints: ['/predict', '/health'],
  },
  'my-model.py': { spec: { name: 'my-model', keep_alive: 300 } },
  'new-project.py': { spec: { ...H100, requirements: [TORCH] }, endpoints: ['/'] },
  'production-model.py': { spec: A100, endpoints: ['/health'] },
  'robust-model.py': { spec: A100, endpoints: ['/generate'] },
  'run-server.py': { spec: { ...A100, name: 'run_server', exposed_port: 8000, keep_alive: 10 } },
  'scaled-app.py': { spec: { ...A100, min_concurrency: 0, max_concurrency: 10, keep_alive: 300 } },
  'scaling-keywords.py': { spec: { keep_alive: 300, min_concurrency: 1, max_concurrency: 5 } },
  'secure-app.py': { spec: { name: 'secure-app' } },
  'secure-model.py': {
    spec: {
      machine_type: ['GPU-A10G'],
      env: { MODEL_VERSION: 'v2.0', DEBUG: 'false' },
      secrets: ['HF_TOKEN', 'API_KEY'],
    },
  },
  'streaming-app.py': { spec: { ...A100, requirements: [TORCH] }, endpoints: ['/stream'] },
  'text-to-image.py': {
    spec: { ...A100, keep_alive: 300, requirements: [['torch', 'diffusers', 'transformers']] },
    endpoints: ['/generate'],
  },
};

test.each(Object.entries(SAMPLES))('%s', (file, { spec, endpoints = [] }) => {
  const source = read(file);
  expect(specFromSource(source)).toMatchObject(spec);
  expect(source.endpoints.map((endpoint) => endpoint.path)).toEqual(endpoints);
});

test('every sample has its expectation', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.py'));
  expect(files.toSorted()).toEqual(Object.keys(SAMPLES).toSorted());
});

test('the streaming sample streams and no other does', () => {
  const streaming = Object.keys(SAMPLES).filter((file) => read(file).endpoints.some((endpoint) => endpoint.streaming));
  expect(streaming).toEqual(['streaming-app.py']);
});

test('the container samples have their Dockerfiles', () => {
  expect(read('run-server.py').image).toEqual({ dockerfile: 'FROM your-existing-image:latest' });
  expect(read('custom-container.py').image?.dockerfile).toContain('RUN pip install diffusers transformers');
});

test('a sample that lost its line breaks on the way is refused, not guessed at', () => {
  expect(() => read('without-line-breaks.txt')).toThrow('without-line-breaks.txt:1:16: this is not valid Python');
});
