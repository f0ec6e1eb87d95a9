// A bare HTTP server as an app: answers at once, so that what a request costs with it is what the platform costs.
// Listens on 127.0.0.1 at $PORT.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const { prompt } = JSON.parse(Buffer.concat(parts).toString());
    const body = JSON.stringify({ text: prompt });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
