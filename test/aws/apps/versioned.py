"""An app whose deployments differ by a variable: one of them can't start."""

import os
import time
from typing import Any

import fal

VERSION = os.environ["VERSION"]


class Versioned(fal.App, name="versioned", max_concurrency=2, keep_alive=2):
    machine_type = "CPU"

    def setup(self) -> None:
        if VERSION == "broken":
            raise RuntimeError("these weights don't load")

    @fal.endpoint("/")
    def version(self, seconds: float = 0) -> dict[str, Any]:
        time.sleep(seconds)
        return {"version": VERSION, "runner": os.environ["FAL_JOB_ID"]}
