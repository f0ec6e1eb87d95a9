"""The handlers of `handler.py`, unchanged, as endpoints of a fal.App."""

from collections.abc import Callable, Iterator
from typing import Any

import fal
from fal.exceptions import AppException
from handler import handler, streaming_handler

Job = dict[str, Any]


class Primes(fal.App, keep_alive=60):
    machine_type = "CPU"

    @fal.endpoint("/")
    def run(self, input: dict[str, Any]) -> Any:
        return answer_of(handler, self.job(input))

    @fal.endpoint("/stream")
    def stream(self, input: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from streaming_handler(self.job(input))

    def job(self, input: dict[str, Any]) -> Job:
        """What RunPod hands a handler. Callers that still send `{"input": …}` are understood, too."""
        return {"id": self.current_request.request_id, "input": input.get("input", input)}


def answer_of(handler: Callable[[Job], Any], job: Job) -> Any:
    """A handler says by the key `error` that a job failed."""
    answer = handler(job)
    if isinstance(answer, dict) and "error" in answer:
        raise AppException(str(answer["error"]), status_code=400)
    return answer
