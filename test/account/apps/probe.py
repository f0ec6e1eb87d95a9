"""What can only be seen on AWS: long silence in a stream, work that is cancelled. Needs no package of its own."""

import time
from collections.abc import Iterator
from typing import Any

import fal
from fal.exceptions import RequestCancelledException


class Probe(fal.App, name="probe", max_concurrency=1, keep_alive=30):
    machine_type = "CPU"

    def setup(self) -> None:
        self.cancelled: set[str] = set()

    @fal.endpoint("/")
    def work(self, seconds: float = 0) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.current_request.request_id in self.cancelled:
                raise RequestCancelledException("laid down")
            time.sleep(0.1)
        print(f"worked for {seconds} s")
        return {"worked": seconds}

    @fal.endpoint("/stream")
    def stream(self, silence: float = 0) -> Iterator[dict[str, Any]]:
        for number in range(3):
            yield {"number": number}
            time.sleep(silence)

    @fal.endpoint("/cancel")
    def cancel(self) -> None:
        self.cancelled.add(self.current_request.request_id)
