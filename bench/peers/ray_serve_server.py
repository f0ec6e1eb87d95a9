"""The no-op endpoint on Ray Serve: ray_serve_server.py PORT. Ends its cluster with itself."""

import signal
import sys
from tempfile import TemporaryDirectory

import ray
from ray import serve


@serve.deployment(num_replicas=1, max_ongoing_requests=64)
class Noop:
    async def __call__(self, request):
        return {"text": (await request.json())["prompt"]}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with TemporaryDirectory(prefix="sgpu-bench-ray-", ignore_cleanup_errors=True) as folder:
        ray.init(include_dashboard=False, log_to_driver=False, _temp_dir=folder)
        try:
            serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
            serve.run(Noop.bind())
            signal.pause()
        finally:
            ray.shutdown()
