/** HTTP for the load generator, over kept connections; undici's lowest interface, as the client shares the cores. */
import { Pool } from 'undici';

export class HttpClient {
  #pool;

  constructor(origin, connections = 128) {
    this.#pool = new Pool(origin, { connections });
  }

  post(path, json) {
    return this.#exchange('POST', path, JSON.stringify(json));
  }

  get(path) {
    return this.#exchange('GET', path, null);
  }

  close() {
    return this.#pool.destroy();
  }

  /** Resolves with the body as text once it is whole; rejects for a status of 400 and above. */
  #exchange(method, path, body) {
    return new Promise((resolve, reject) => {
      let status = 0;
      const parts = [];
      this.#pool.dispatch(
        { method, path, body, headers: body === null ? [] : ['content-type', 'application/json'] },
        {
          onRequestStart: () => undefined,
          onResponseStart: (_controller, code) => {
            status = code;
          },
          onResponseData: (_controller, part) => {
            parts.push(part);
          },
          onResponseEnd: () => {
            const text = Buffer.concat(parts).toString();
            if (status < 400) resolve(text);
            else reject(new Error(`${method} ${path} was answered ${status}: ${text.slice(0, 200)}`));
          },
          onResponseError: (_controller, error) => {
            reject(error);
          },
        },
      );
    });
  }
}
