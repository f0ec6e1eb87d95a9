"""An app with one thing of fal's on each endpoint; what it does unasked lies in `TEST_FOLDER`."""

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import fal
from fal.toolkit import File, KVStore
from fastapi import BackgroundTasks, Response

FOLDER = Path(os.environ["TEST_FOLDER"])
RUNNER = os.environ.get("FAL_JOB_ID", "")


def note(line: str) -> None:
    with (FOLDER / "journal").open("a") as journal:
        journal.write(f"{line}\n")


class Conforming(fal.App, name="conforming", max_concurrency=1, max_multiplexing=8, keep_alive=600):
    machine_type = ["M", "L"]  # noqa: RUF012
    requirements = [[], []]  # noqa: RUF012

    async def setup(self) -> None:
        await asyncio.sleep(0)
        self.pair = threading.Barrier(2)
        self.healthy = True

    async def teardown(self) -> None:
        await asyncio.sleep(0)
        note("teardown")

    def handle_exit(self) -> None:
        note("handle_exit")

    @fal.endpoint("/billed")
    async def billed(self, response: Response) -> dict[str, Any]:
        response.headers["x-fal-billable-units"] = "2.5"
        return {}

    @fal.endpoint("/background")
    def background(self, name: str, tasks: BackgroundTasks) -> dict[str, Any]:
        tasks.add_task(note, name)
        return {"accepted": name}

    @fal.endpoint("/together")
    def together(self, name: str) -> dict[str, Any]:
        """Two requests are in here at the same time."""
        self.pair.wait()
        print(f"line of {name}")
        return {"id": self.current_request.request_id, "endpoint": self.current_request.endpoint}

    @fal.endpoint("/remember")
    def remember(self, key: str, value: str) -> dict[str, Any]:
        store = KVStore("conformance")
        before = store.get(key)
        store.set(key, value, ttl=60)
        between = store.get(key)
        store.delete(key)
        return {"before": before, "between": between, "after": store.get(key)}

    @fal.endpoint("/file")
    def file(self) -> File:
        return File.from_bytes(b"short-lived", "text/plain", "note.txt")

    @fal.endpoint("/flaky")
    def flaky(self, name: str, response: Response) -> dict[str, Any]:
        """Asks for a retry once."""
        first = not (FOLDER / name).exists()
        (FOLDER / name).touch()
        response.status_code = 500 if first else 200
        response.headers["x-fal-needs-retry"] = "1"
        return {"name": name}

    @fal.endpoint("/runner")
    def runner(self, healthy: bool, response: Response) -> dict[str, Any]:
        """Asks for the health check, which goes by what is said here."""
        self.healthy = healthy
        response.headers["x-fal-runner-health-check"] = "true"
        return {"runner": RUNNER}

    @fal.endpoint("/health", health_check=fal.HealthCheck(call_regularly=False))
    def check(self) -> dict[str, Any]:
        if not self.healthy:
            raise fal.HTTPException(500, "broken")
        return {}
