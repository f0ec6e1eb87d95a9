"""A closed loop over Celery: celery_load.py IN_FLIGHT WARM_UP_MS DURATION_MS. Prints what `load.mjs` returns, as JSON."""

import json
import sys
import threading
import time

from celery_tasks import noop

in_flight, warm_up_ms, duration_ms = (int(argument) for argument in sys.argv[1:])
start = time.perf_counter() + warm_up_ms / 1000
end = start + duration_ms / 1000
finished: list[int] = []
latencies: list[float] = []


def loop():
    begun = time.perf_counter()
    while begun < end:
        noop.delay("a red fox in the snow").get(timeout=30)
        now = time.perf_counter()
        if start <= now < end:
            finished.append(1)
        if begun >= start and now < end:
            latencies.append((now - begun) * 1000)
        begun = now


threads = [threading.Thread(target=loop) for _ in range(in_flight)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"finished": len(finished), "latencies": latencies}))
