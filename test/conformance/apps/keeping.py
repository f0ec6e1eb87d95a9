"""Apps that keep things in one volume, and secrets to themselves. The tests mount the volume elsewhere."""

import hashlib
import os
from pathlib import Path
from typing import Any

import fal

MOUNT = Path("/mnt/shared")


class Keeping(fal.App, max_concurrency=1, max_multiplexing=16, keep_alive=600):
    machine_type = "GPU-A10G"
    volumes = {"/mnt/shared": fal.Volume("shared")}  # noqa: RUF012

    @fal.endpoint("/")
    def know(self) -> dict[str, Any]:
        """What the runner has, told without telling a secret."""
        names = ("API_TOKEN", "OTHER_TOKEN")
        known = {name: hashlib.sha256(os.environ[name].encode()).hexdigest() for name in names if name in os.environ}
        gpus = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
        return {"secrets": known, "gpus": gpus, "runner": os.environ["FAL_JOB_ID"]}

    @fal.endpoint("/write")
    def write(self, writer: str, files: int) -> dict[str, Any]:
        """As fal recommends: written beside, then renamed."""
        for number in range(files):
            for name in (f"{writer}-{number}", "latest"):
                unfinished = MOUNT / f".{writer}-{number}-{name}"
                unfinished.write_text(f"{writer} {number} ".ljust(1024, "x"))
                unfinished.rename(MOUNT / name)
        return {}

    @fal.endpoint("/read")
    def read(self) -> dict[str, Any]:
        return {path.name: len(path.read_text()) for path in MOUNT.iterdir()}


class Writer(Keeping, name="writer"):
    num_gpus = 2
    secrets = ["API_TOKEN"]  # noqa: RUF012


class Reader(Keeping, name="reader"):
    num_gpus = 1
