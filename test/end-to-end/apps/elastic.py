"""Apps of which there are more or fewer runners. What holds or mends them are files in `TEST_FOLDER`."""

import os
import time
from pathlib import Path
from typing import Any

import fal

FOLDER = Path(os.environ["TEST_FOLDER"])
RUNNER = os.environ["FAL_JOB_ID"]


class Elastic(fal.App, name="elastic", max_concurrency=3, keep_alive=1):
    machine_type = "CPU"

    @fal.endpoint("/")
    def hold(self, name: str) -> dict[str, Any]:
        with (FOLDER / "journal").open("a") as journal:
            journal.write(f"{RUNNER}\n")
        while not (FOLDER / "gate").exists():
            time.sleep(0.02)
        return {"name": name, "runner": RUNNER}


class Brief(fal.App, name="brief", keep_alive=0):
    machine_type = "CPU"

    @fal.endpoint("/")
    def answer(self) -> dict[str, Any]:
        return {"runner": RUNNER}


class Kept(Brief, name="kept", keep_alive=0, min_concurrency=1):
    pass


class Broken(Brief, name="broken", max_concurrency=1, keep_alive=60):
    def setup(self) -> None:
        if not (FOLDER / "weights").exists():
            raise FileNotFoundError("the weights are missing")


class Stuck(Brief, name="stuck", startup_timeout=3):
    def setup(self) -> None:
        time.sleep(3600)


class Abrupt(Brief, name="abrupt"):
    def setup(self) -> None:
        os._exit(7)
