"""An app with a volume: what one runner writes, the next one reads."""

import os
from pathlib import Path
from typing import Any

import fal

NOTE = Path(os.environ["SHELF"]) / "note"


class Library(fal.App, name="library", max_concurrency=1, keep_alive=600):
    machine_type = "CPU"

    @fal.endpoint("/")
    def write(self, text: str) -> dict[str, Any]:
        NOTE.write_text(text)
        return {"runner": os.environ["FAL_JOB_ID"]}

    @fal.endpoint("/read")
    def read(self) -> dict[str, Any]:
        return {"text": NOTE.read_text(), "runner": os.environ["FAL_JOB_ID"]}
