import fc from 'fast-check';
import { parseEndpoint, parseQueueRoute } from '../../../runtime/gateway/endpoint';

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/).filter((text) => text !== 'requests');
const namespace = fc.constantFrom('workflows', 'comfy');
const app = fc.oneof(
  fc.tuple(name, name).filter(([owner]) => owner !== 'workflows' && owner !== 'comfy'),
  fc.tuple(namespace, name, name),
);
const appId = app.map((segments) => segments.join('/'));
const endpointPath = fc
  .array(fc.stringMatching(/^[\w.%-]{1,8}$/), { maxLength: 4 })
  .map((segments) => segments.join('/'));
const id = fc.uuid();

describe('endpoints', () => {
  test('the app id is what stands before the path, in every namespace', () => {
    fc.assert(
      fc.property(appId, endpointPath, (app, path) => {
        expect(parseEndpoint(`/${app}/${path}`)).toEqual({ app, path: `/${path}` });
      }),
    );
  });

  test('the app alone is its root, with or without a slash', () => {
    expect(parseEndpoint('/local/ocr')).toEqual({ app: 'local/ocr', path: '/' });
    expect(parseEndpoint('/local/ocr/')).toEqual({ app: 'local/ocr', path: '/' });
    expect(parseEndpoint('/local/ocr/predict/')).toEqual({ app: 'local/ocr', path: '/predict/' });
  });

  test.each(['', '/', '/local', '/local/', '//ocr', '/comfy/local', 'local/ocr'])('%j names no app', (path) => {
    expect(parseEndpoint(path)).toBeUndefined();
  });
});

describe('queue routes', () => {
  test('each operation is found by app alone and by full path, with and without a slash at the end', () => {
    const operations = fc.constantFrom(
      ['', 'result'],
      ['/response', 'result'],
      ['/status', 'status'],
      ['/status/stream', 'status/stream'],
      ['/cancel', 'cancel'],
    );
    fc.assert(
      fc.property(appId, endpointPath, id, operations, fc.boolean(), (app, path, id, [suffix, operation], slash) => {
        const endpoint = path === '' ? app : `${app}/${path}`;
        const url = `/${endpoint}/requests/${id}${suffix}${slash ? '/' : ''}`;
        expect(parseQueueRoute(url)).toEqual({ operation, id });
      }),
    );
  });

  test('everything else with an app is a submission to that endpoint', () => {
    fc.assert(
      fc.property(appId, endpointPath, (app, path) => {
        const endpoint = { app, path: `/${path}` };
        expect(parseQueueRoute(`/${app}/${path}`)).toEqual({ operation: 'submit', endpoint });
      }),
    );
  });

  test('an operation that does not exist is not taken for one', () => {
    const endpoint = { app: 'local/ocr', path: '/requests/1/pause' };
    expect(parseQueueRoute('/local/ocr/requests/1/pause')).toEqual({ operation: 'submit', endpoint });
  });

  test('any text is either a route or none, and never an error', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseQueueRoute(text)));
  });
});
