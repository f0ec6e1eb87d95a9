"""An app whose calls are priced: one that takes as long as it is told, and one that streams."""

import time
from collections.abc import Iterator
from typing import Any

import fal


class Priced(fal.App, name="priced", max_concurrency=1, keep_alive=600):
    machine_type = "CPU"

    @fal.endpoint("/")
    def work(self, seconds: float = 0) -> dict[str, Any]:
        time.sleep(seconds)
        return {"slept": seconds}

    @fal.endpoint("/stream")
    def stream(self, chunks: int) -> Iterator[dict[str, Any]]:
        for number in range(chunks):
            time.sleep(0.005)
            yield {"number": number, "text": "word " * 4}
