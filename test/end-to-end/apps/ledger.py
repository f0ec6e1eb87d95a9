"""Writes down what it begins and what it ends, so that a test can tell what became of each request."""

import os
import time
from pathlib import Path
from typing import Any

import fal

FOLDER = Path(os.environ["TEST_FOLDER"])
RUNNER = os.environ["FAL_JOB_ID"]


def note(line: str) -> None:
    with (FOLDER / "journal").open("a") as journal:
        journal.write(f"{line}\n")


class Ledger(fal.App, name="ledger", max_concurrency=2, keep_alive=600, termination_grace_period_seconds=1):
    machine_type = "CPU"

    def setup(self) -> None:
        note("setup")

    @fal.endpoint("/")
    def work(self, name: str, gate: str = "") -> dict[str, Any]:
        """Works until the file `gate` is there."""
        note(f"begin {name}")
        while gate and not (FOLDER / gate).exists():
            time.sleep(0.02)
        note(f"end {name}")
        return {"name": name, "runner": RUNNER}
