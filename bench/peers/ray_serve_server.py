"""The no-op endpoint on Ray Serve: ray_serve_server.py PORT. Ends its cluster with itself."""

import signal
import sys

import ray
from ray import serve


@serve.deployment(num_replicas=1, max_ongoing_requests=64)
class Noop:
    async def __call__(self, request):
        return {"text": (await request.json())["prompt"]}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ray.init(include_dashboard=False, log_to_driver=False)
    try:
        serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
        serve.run(Noop.bind())
        signal.pause()
    finally:
        ray.shutdown()
